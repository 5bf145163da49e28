package org.lathe.backends.simt.aot;

import java.util.EnumSet;
import java.util.Optional;
import java.util.Set;
import org.lathe.backends.simt.plan.Traits;
import org.lathe.backends.simt.program.Planner;
import org.lathe.backends.simt.schedule.Schedules;
import org.lathe.backends.simt.schedule.Tunings;
import org.lathe.hal.DType;
import org.lathe.hal.device.Capabilities;
import org.lathe.hal.spec.KernelSpec;

/**
 * The device that pipelines are written for. It stands for every FPGA: a program has the same kernels where it is built and
 * where it runs, whatever the board.
 */
public final class PipelineTarget implements Capabilities {
  /** On-chip memory that one array may take, well within what mid-size FPGAs have for one kernel of many. */
  private static final long LOCAL_BYTES = 1 << 18;
  private static final int MOST_PARAMETERS = 64;
  private static final int LANES = 16;

  public static final Traits TRAITS = new Traits(Traits.Form.PIPELINE, 1, LANES, 1, 1, LOCAL_BYTES, MOST_PARAMETERS,
      true);

  /** The options that the sources are compiled with. */
  public static final String OPTIONS = "-cl-std=CL1.2 -w";

  public static final PipelineTarget CAPABILITIES = new PipelineTarget();

  private PipelineTarget() {}

  /** Plans programs as pipelines. */
  public static Planner planner() {
    return new Planner(TRAITS, Tunings.GUESS);
  }

  @Override
  public Set<DType> dtypes() {
    return EnumSet.allOf(DType.class);
  }

  @Override
  public Optional<String> refuses(KernelSpec spec) {
    return Schedules.refuses(spec, TRAITS);
  }
}
