/** The ops: each with all of its rules in one place, and the symbolic tensors that apply them. */
@NullMarked
package org.lathe.compiler.op;

import org.jspecify.annotations.NullMarked;
