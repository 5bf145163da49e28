package org.lathe.backends.simt.schedule;

import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.lathe.backends.simt.pipeline.PipelineForm;
import org.lathe.backends.simt.plan.KernelPlan;
import org.lathe.backends.simt.plan.Site;
import org.lathe.backends.simt.plan.Traits;
import org.lathe.hal.DType;
import org.lathe.hal.spec.Attention;
import org.lathe.hal.spec.Contraction;
import org.lathe.hal.spec.Convolution;
import org.lathe.hal.spec.Copy;
import org.lathe.hal.spec.Gather;
import org.lathe.hal.spec.KernelSpec;
import org.lathe.hal.spec.Map;
import org.lathe.hal.spec.Pooling;
import org.lathe.hal.spec.RandomBits;
import org.lathe.hal.spec.Recurrence;
import org.lathe.hal.spec.Reduce;
import org.lathe.hal.spec.RowProgram;
import org.lathe.hal.spec.Scan;
import org.lathe.hal.spec.Scatter;
import org.lathe.hal.spec.Sort;
import org.lathe.hal.spec.TopK;

/** The schedule of each member of the kernel family. Stateless; any thread. */
public final class Schedules {
  private Schedules() {}

  /** Why such a device does not run this kernel, or empty if it does. */
  public static Optional<String> refuses(KernelSpec spec, Traits traits) {
    if (!traits.hasF64() && usesF64(spec)) {
      return Optional.of("the device does not compute in f64");
    }
    int operands = spec.inputs().size() + spec.outputs().size();
    if (operands > traits.maxParameters()) {
      return Optional.of(operands + " operands, more than the " + traits.maxParameters() + " that a kernel may have");
    }
    Schedule<KernelSpec> schedule = find(spec);
    return schedule == null ? Optional.of("no schedule for it") : schedule.refuses(spec, traits);
  }

  private static boolean usesF64(KernelSpec spec) {
    return Stream.concat(spec.inputs().stream(), spec.outputs().stream()).anyMatch(o -> o.dtype() == DType.F64);
  }

  /** The choices worth measuring, the best guess first. */
  public static List<Tuning> candidates(KernelSpec spec, Traits traits) {
    return of(spec).candidates(spec, traits);
  }

  /** The launches that carry the kernel out: for pipelines, each of a single work item. */
  public static KernelPlan plan(KernelSpec spec, Site site, Tuning tuning) {
    KernelPlan plan = of(spec).plan(spec, site, tuning);
    return site.traits().isPipeline() ? PipelineForm.of(plan, site.traits().localBytes()) : plan;
  }

  private static Schedule<KernelSpec> of(KernelSpec spec) {
    Schedule<KernelSpec> schedule = find(spec);
    if (schedule == null) {
      throw new IllegalArgumentException("no schedule for " + spec.family());
    }
    return schedule;
  }

  @SuppressWarnings("unchecked")
  private static @Nullable Schedule<KernelSpec> find(KernelSpec spec) {
    @Nullable
    Schedule<?> schedule = switch (spec) {
      case Map m -> new MapSchedule();
      case Reduce r -> new ReduceSchedule();
      case RowProgram r -> new RowSchedule();
      case Contraction c -> new ContractionSchedule();
      case Convolution c -> new ConvolutionSchedule();
      case Pooling p -> new PoolingSchedule();
      case Recurrence r -> new RecurrenceSchedule();
      case Attention a -> new AttentionSchedule();
      case Gather g -> new GatherSchedule();
      case Scatter s -> new ScatterSchedule();
      case RandomBits r -> new RandomSchedule();
      case Sort s -> new SortSchedule.Whole();
      case TopK t -> new SortSchedule.Largest();
      case Scan s -> new ScanSchedule();
      case Copy c -> new CopySchedule();
    };
    return (Schedule<KernelSpec>) schedule;
  }
}
