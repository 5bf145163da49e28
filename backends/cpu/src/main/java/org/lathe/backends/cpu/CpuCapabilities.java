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
  private static final Optional<String> NO_BOOL_SUMS = Optional
      .of("bool has no sum of products; cast it to a number first");

  private final Set<DType> dtypes = Set.copyOf(EnumSet.allOf(DType.class));

  @Override
  public Set<DType> dtypes() {
    return dtypes;
  }

  @Override
  public Optional<String> refuses(KernelSpec spec) {
    return switch (spec) {
      case Contraction c when c.a().dtype() == DType.BOOL -> NO_BOOL_SUMS;
      case Convolution c when c.first().dtype() == DType.BOOL -> NO_BOOL_SUMS;
      case Pooling p when !p.dtype().isFloating() ->
        Optional.of("it pools floating numbers, not " + p.dtype() + "; cast it first");
      default -> Optional.empty();
    };
  }
}
