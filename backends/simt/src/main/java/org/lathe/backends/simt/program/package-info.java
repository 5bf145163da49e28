/** Whole programs as kernels with their launches. */
@NullMarked
package org.lathe.backends.simt.program;

import org.jspecify.annotations.NullMarked;
