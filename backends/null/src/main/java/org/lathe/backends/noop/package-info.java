/** A backend that compiles programs and runs nothing: the skeleton to clone. */
@NullMarked
package org.lathe.backends.noop;

import org.jspecify.annotations.NullMarked;
