/** From plain Java to a graph. */
@NullMarked
package org.lathe.compiler.trace;

import org.jspecify.annotations.NullMarked;
