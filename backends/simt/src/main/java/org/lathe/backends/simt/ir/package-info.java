/** The thread-level kernel language: what one work item does. */
@NullMarked
package org.lathe.backends.simt.ir;

import org.jspecify.annotations.NullMarked;
