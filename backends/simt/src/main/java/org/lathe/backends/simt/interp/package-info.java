/** Runs kernels work item by work item on the host, and reports what no device would. */
@NullMarked
package org.lathe.backends.simt.interp;

import org.jspecify.annotations.NullMarked;
