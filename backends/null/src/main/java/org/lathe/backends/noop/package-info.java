/**
 * The skeleton of a backend: it checks programs, binds memory, and runs nothing. Read {@link
 * org.lathe.backends.noop.NullDriver} first; {@code backends/null/README.md} says how to make a backend of it.
 */
@NullMarked
package org.lathe.backends.noop;

import org.jspecify.annotations.NullMarked;
