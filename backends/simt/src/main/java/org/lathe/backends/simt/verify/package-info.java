/** What makes a kernel legal, checked without running it. */
@NullMarked
package org.lathe.backends.simt.verify;

import org.jspecify.annotations.NullMarked;
