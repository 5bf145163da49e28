/**
 * OpenCL through JOCL, in types that cannot crash the JVM by being used too late or twice. The only package that knows
 * JOCL. Every call either succeeds or throws {@link org.lathe.backends.opencl.cl.ClException}.
 */
@NullMarked
package org.lathe.backends.opencl.cl;

import org.jspecify.annotations.NullMarked;
