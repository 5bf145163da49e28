/** The float64 oracle. */
@NullMarked
package org.lathe.compiler.interp;

import org.jspecify.annotations.NullMarked;
