/** Devices that OpenCL finds: memory, programs and runs over {@code cl}, the one package that calls the driver. */
@NullMarked
package org.lathe.backends.opencl;

import org.jspecify.annotations.NullMarked;
