/** Kernels with their launches: how one member of the kernel family is carried out. */
@NullMarked
package org.lathe.backends.simt.plan;

import org.jspecify.annotations.NullMarked;
