/** Which form of a kernel a device takes: shipped guesses, and what was measured on this machine. */
@NullMarked
package org.lathe.backends.simt.tune;

import org.jspecify.annotations.NullMarked;
