/** Programs and kernels as text: printed, parsed back, hashed, stored. */
@NullMarked
package org.lathe.hal.text;

import org.jspecify.annotations.NullMarked;
