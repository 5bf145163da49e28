package org.lathe.backends.simt.program;

import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import org.lathe.backends.simt.plan.KernelPlan;
import org.lathe.backends.simt.plan.Site;
import org.lathe.backends.simt.plan.Traits;
import org.lathe.backends.simt.schedule.Schedules;
import org.lathe.backends.simt.schedule.Tunings;
import org.lathe.hal.device.Unsupported;
import org.lathe.hal.program.Program;
import org.lathe.hal.program.Slice;
import org.lathe.hal.program.Step;
import org.lathe.hal.spec.KernelSpec;

/** Plans programs for one device, and remembers the plans of kernels. Any thread. */
public final class Planner {
  private static final long ALIGNMENT = 64;

  private final Function<KernelSpec, Traits> traits;
  private final Tunings tunings;
  private final boolean alignedMemory;
  private final Map<Key, KernelPlan> plans = new ConcurrentHashMap<>();

  private record Key(KernelSpec spec, Site site) {}

  public Planner(Traits traits, Tunings tunings) {
    this(spec -> traits, tunings, true);
  }

  /**
   * @param traits of the device, as it shows itself to each kernel
   * @param alignedMemory whether all memory begins at a multiple of 64 bytes
   */
  public Planner(Function<KernelSpec, Traits> traits, Tunings tunings, boolean alignedMemory) {
    this.traits = traits;
    this.tunings = tunings;
    this.alignedMemory = alignedMemory;
  }

  /**
   * The launches of the whole program.
   *
   * @throws Unsupported if such a device does not run one of its kernels
   */
  public ProgramPlan plan(Program program) {
    return new ProgramPlan(program, steps(program.steps()));
  }

  /** Forgets all plans, after other tunings were chosen. */
  public void forget() {
    plans.clear();
  }

  private List<PlannedStep> steps(List<Step> steps) {
    return steps.stream().map(this::step).toList();
  }

  private PlannedStep step(Step step) {
    return switch (step) {
      case Step.Dispatch d -> new PlannedStep.Run(d, plan(d.spec(), site(d)));
      case Step.Loop(long trips, List<Step> body) -> new PlannedStep.Loop(trips, steps(body));
      case Step.Branch(Slice predicate, List<Step> then, List<Step> otherwise) ->
        new PlannedStep.Branch(predicate, steps(then), steps(otherwise));
    };
  }

  private KernelPlan plan(KernelSpec spec, Site site) {
    return plans.computeIfAbsent(new Key(spec, site), key -> {
      Traits traits = site.traits();
      Schedules.refuses(spec, traits).ifPresent(why -> {
        throw new Unsupported(spec, why);
      });
      return Schedules.plan(spec, site, tunings.choose(spec, traits));
    });
  }

  private Site site(Step.Dispatch d) {
    Set<Integer> inputs = new HashSet<>();
    Set<Integer> outputs = new HashSet<>();
    for (int j = 0; j < d.outputs().size(); j++) {
      for (int i = 0; i < d.inputs().size(); i++) {
        if (overlap(d.inputs().get(i), d.outputs().get(j))) {
          inputs.add(i);
          outputs.add(j);
        }
      }
    }
    boolean aligned = alignedMemory && d.inputs().stream().allMatch(Planner::isAligned)
        && d.outputs().stream().allMatch(Planner::isAligned);
    return new Site(traits.apply(d.spec()), aligned, inputs, outputs);
  }

  private static boolean overlap(Slice a, Slice b) {
    return a.buffer() == b.buffer() && a.offset() < b.offset() + b.bytes() && b.offset() < a.offset() + a.bytes();
  }

  private static boolean isAligned(Slice slice) {
    for (long step : slice.loopSteps().toArray()) {
      if (step % ALIGNMENT != 0) {
        return false;
      }
    }
    return slice.offset() % ALIGNMENT == 0;
  }
}
