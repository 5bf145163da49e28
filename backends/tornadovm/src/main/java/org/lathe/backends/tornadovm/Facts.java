package org.lathe.backends.tornadovm;

import org.lathe.backends.simt.plan.Traits;

/**
 * What kernels need to know of a device.
 *
 * @param headerBytes before the data of TornadoVM's arrays
 * @param aligned whether memory on the device begins at multiples of {@link HostArray#DATA} bytes
 * @param maxBufferBytes of one buffer
 * @param hasBytecode whether TornadoVM's compiler passed the check at start
 */
record Facts(Traits traits, int headerBytes, boolean aligned, long maxBufferBytes, boolean hasBytecode) {}
