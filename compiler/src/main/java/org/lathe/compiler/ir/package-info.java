/** Graphs of typed operations. */
@NullMarked
package org.lathe.compiler.ir;

import org.jspecify.annotations.NullMarked;
