/** Programs: kernels over slices of buffers, as plain data. */
@NullMarked
package org.lathe.hal.program;

import org.jspecify.annotations.NullMarked;
