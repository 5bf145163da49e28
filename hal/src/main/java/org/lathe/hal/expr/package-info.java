/** Scalar work inside kernels. */
@NullMarked
package org.lathe.hal.expr;

import org.jspecify.annotations.NullMarked;
