/** Graph transformations, one class each, and the list that runs them. */
@NullMarked
package org.lathe.compiler.pass;

import org.jspecify.annotations.NullMarked;
