/** Programs compiled ahead of time for FPGAs: sources, what describes them, and the vendors' build lines. */
@NullMarked
package org.lathe.backends.simt.aot;

import org.jspecify.annotations.NullMarked;
