package org.lathe.backends.opencl;

/** How the host reaches a device's memory. */
enum MemoryModel {
  /** It is the host's memory, and the device's caches are the host's: no transfer at all. */
  SHARED,
  /** It is the host's memory, but has to be mapped before the host touches it: no transfer over a bus. */
  MAPPED,
  /** It is the device's own: transfers go through memory that the driver has pinned. */
  STAGED
}
