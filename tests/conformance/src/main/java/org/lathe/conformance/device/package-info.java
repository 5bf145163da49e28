/** The contract of {@code org.lathe.hal.device}: memory, programs, runs, threads and errors. */
@NullMarked
package org.lathe.conformance.device;

import org.jspecify.annotations.NullMarked;
