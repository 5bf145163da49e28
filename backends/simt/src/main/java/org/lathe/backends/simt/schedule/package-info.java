/** From each member of the kernel family to kernels for a kind of device. */
@NullMarked
package org.lathe.backends.simt.schedule;

import org.jspecify.annotations.NullMarked;
