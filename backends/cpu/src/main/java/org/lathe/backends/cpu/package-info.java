/** The CPU backend: pure Java on every core. */
@NullMarked
package org.lathe.backends.cpu;

import org.jspecify.annotations.NullMarked;
