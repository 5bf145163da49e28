/** Kernels as pipelines of one work item: the form for FPGAs, and what to expect of it. */
@NullMarked
package org.lathe.backends.simt.pipeline;

import org.jspecify.annotations.NullMarked;
