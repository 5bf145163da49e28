/** Kernels as OpenCL C. */
@NullMarked
package org.lathe.backends.simt.opencl;

import org.jspecify.annotations.NullMarked;
