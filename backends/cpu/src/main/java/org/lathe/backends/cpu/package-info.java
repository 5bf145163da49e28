/** The CPU backend: pure Java, the Vector API, every core. */
@NullMarked
package org.lathe.backends.cpu;

import org.jspecify.annotations.NullMarked;
