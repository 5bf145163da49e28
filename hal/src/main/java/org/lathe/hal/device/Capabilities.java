package org.lathe.hal.device;

import java.util.Optional;
import java.util.Set;
import org.lathe.hal.DType;
import org.lathe.hal.spec.KernelSpec;

/** What a device can be asked to do. Immutable; any thread. */
public interface Capabilities {
  /** The element types of its kernels. */
  Set<DType> dtypes();

  /** Why the device does not take this kernel, or empty if it does. The compiler then decomposes what it can. */
  Optional<String> refuses(KernelSpec spec);
}
