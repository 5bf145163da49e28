package org.lathe.backends.cpu;

import java.lang.ref.SoftReference;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.lathe.hal.spec.KernelSpec;

/** Kernels by what they compute: equal specs share one kernel, however many programs use it. Any thread. */
final class KernelCache {
  private final Function<KernelSpec, Kernel> factory;
  private final ConcurrentHashMap<KernelSpec, SoftReference<Kernel>> kernels = new ConcurrentHashMap<>();

  KernelCache(Function<KernelSpec, Kernel> factory) {
    this.factory = factory;
  }

  Kernel get(KernelSpec spec) {
    Kernel found = resolve(kernels.get(spec));
    if (found != null) {
      return found;
    }
    // Built outside the map's lock: two threads may build the same kernel, and one of them is kept.
    Kernel built = factory.apply(spec);
    while (true) {
      SoftReference<Kernel> kept = kernels.merge(spec, new SoftReference<>(built),
          (old, mine) -> old.get() == null ? mine : old);
      Kernel kernel = resolve(kept);
      if (kernel != null) {
        return kernel;
      }
    }
  }

  private static @Nullable Kernel resolve(@Nullable SoftReference<Kernel> reference) {
    return reference == null ? null : reference.get();
  }

  void clear() {
    kernels.clear();
  }
}
