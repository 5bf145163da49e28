package org.lathe.backends.simt.program;

import java.util.EnumSet;
import java.util.Optional;
import java.util.Set;
import org.lathe.backends.simt.plan.Traits;
import org.lathe.backends.simt.schedule.Schedules;
import org.lathe.hal.DType;
import org.lathe.hal.device.Capabilities;
import org.lathe.hal.device.Device;
import org.lathe.hal.spec.KernelSpec;

/** What all devices answer alike that run the kernels of this library. */
public abstract class SimtDevice implements Device, Capabilities {
  /** As the device shows itself to this kernel. */
  protected abstract Traits traits(KernelSpec spec);

  protected abstract boolean hasF64();

  @Override
  public final Capabilities capabilities() {
    return this;
  }

  /** All that kernels compute in; half types are only stored, and computed in f32. */
  @Override
  public final Set<DType> dtypes() {
    EnumSet<DType> dtypes = EnumSet.allOf(DType.class);
    if (!hasF64()) {
      dtypes.remove(DType.F64);
    }
    return dtypes;
  }

  @Override
  public final Optional<String> refuses(KernelSpec spec) {
    return Schedules.refuses(spec, traits(spec));
  }
}
