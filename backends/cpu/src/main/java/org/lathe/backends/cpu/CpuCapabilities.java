package org.lathe.backends.cpu;

import java.util.EnumSet;
import java.util.Optional;
import java.util.Set;
import org.lathe.hal.DType;
import org.lathe.hal.device.Capabilities;
import org.lathe.hal.spec.Contraction;
import org.lathe.hal.spec.Convolution;
import org.lathe.hal.spec.KernelSpec;
import org.lathe.hal.spec.Pooling;

/** Every kernel on every element type, except arithmetic that has no meaning. */
final class CpuCapabilities implements Capabilities {
  private final Set<DType> dtypes = Set.copyOf(EnumSet.allOf(DType.class));

  @Override
  public Set<DType> dtypes() {
    return dtypes;
  }

  @Override
  public Optional<String> refuses(KernelSpec spec) {
    DType type =
        switch (spec) {
          case Contraction c -> c.a().dtype();
          case Convolution c -> c.first().dtype();
          case Pooling p -> p.dtype();
          default -> DType.F32;
        };
    return type == DType.BOOL
        ? Optional.of("bool has no sum of products; cast it to a number first")
        : Optional.empty();
  }
}
