package org.lathe.backends.simt;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.lathe.backends.simt.interp.GlobalMemory;
import org.lathe.backends.simt.interp.KernelFault;
import org.lathe.backends.simt.interp.KernelInterpreter;
import org.lathe.backends.simt.plan.KernelPlan;
import org.lathe.backends.simt.plan.Site;
import org.lathe.backends.simt.plan.Traits;
import org.lathe.backends.simt.plan.Traits.Form;
import org.lathe.backends.simt.schedule.Schedules;
import org.lathe.backends.simt.schedule.Tuning;
import org.lathe.backends.simt.verify.KernelVerifier;
import org.lathe.hal.spec.KernelSpec;
import org.lathe.reference.Elements;
import org.lathe.reference.Samples;
import org.lathe.reference.SpecReference;
import org.lathe.reference.Tolerance;

/**
 * Plans a kernel for each kind of device and each candidate of its schedule, verifies the plan, runs the plan in the interpreter with
 * outputs and workspaces undefined before, and compares the outputs, elements outside of their views included, with the
 * reference.
 */
public final class PlanCheck {
  public static final Traits GPU = new Traits(Form.GPU, 8, 1, 32, 256, 32 << 10, 60, true);
  /** A GPU with small groups and little local memory, as some embedded ones have. */
  public static final Traits SMALL_GPU = new Traits(Form.GPU, 2, 4, 1, 64, 8 << 10, 20, true);
  public static final Traits CPU = new Traits(Form.CPU, 2, 16, 1, 4096, 512 << 10, 60, true);
  public static final Traits NARROW_CPU = new Traits(Form.CPU, 3, 4, 1, 1024, 64 << 10, 60, true);
  public static final Traits PIPELINE = new Traits(Form.PIPELINE, 1, 1, 1, 1, 64 << 10, 60, true);
  public static final List<Traits> DEVICES = List.of(GPU, SMALL_GPU, CPU, NARROW_CPU, PIPELINE);

  private final KernelSpec spec;
  private final List<Elements> inputs;
  private final List<Elements> expected;

  private PlanCheck(KernelSpec spec, List<Elements> inputs) {
    this.spec = spec;
    this.inputs = inputs;
    expected = SpecReference.run(spec, inputs);
  }

  /** With random inputs, on every kind of device. */
  public static void check(KernelSpec spec) {
    long seed = new Random().nextLong();
    try {
      check(spec, Samples.inputs(spec, new Random(seed)));
    } catch (AssertionError | RuntimeException e) {
      throw new AssertionError("seed " + seed + ": " + e.getMessage(), e);
    }
  }

  public static void check(KernelSpec spec, List<Elements> inputs) {
    PlanCheck c = new PlanCheck(spec, inputs);
    for (Traits device : DEVICES) {
      c.on(device);
    }
  }

  /** With random inputs, on one kind of device. */
  public static void check(KernelSpec spec, Traits device, long seed) {
    new PlanCheck(spec, Samples.inputs(spec, new Random(seed))).on(device);
  }

  private void on(Traits device) {
    Schedules.refuses(spec, device).ifPresent(why -> {
      throw new AssertionError(device.form() + " refuses " + spec + ": " + why);
    });
    List<Tuning> candidates = Schedules.candidates(spec, device);
    for (Tuning tuning : candidates) {
      run(Site.of(device), tuning, -1, -1);
    }
    Tuning first = candidates.getFirst();
    run(new Site(device, false, Set.of(), Set.of()), first, -1, -1);
    for (int i = 0; i < spec.inputs().size(); i++) {
      for (int j = 0; j < spec.outputs().size(); j++) {
        if (spec.allowsInPlace(i, j) && spec.inputs().get(i).equals(spec.outputs().get(j))) {
          run(new Site(device, true, Set.of(i), Set.of(j)), first, i, j);
        }
      }
    }
  }

  /** Output {@code inPlace} is bound to the memory of input {@code operand}; neither where they are -1. */
  private void run(Site site, Tuning tuning, int operand, int inPlace) {
    KernelPlan plan = Schedules.plan(spec, site, tuning);
    String what = spec + " on " + site.traits() + (site.aligned() ? "" : ", unaligned")
        + (inPlace < 0 ? "" : ", output " + inPlace + " in place of input " + operand) + " with '" + tuning + "' as "
        + plan.variant();
    List<String> problems = KernelVerifier.verify(plan, spec, site.traits());
    if (!problems.isEmpty()) {
      throw new AssertionError(what + ": " + String.join("\n", problems) + "\n" + plan.kernels());
    }
    List<GlobalMemory> in = new ArrayList<>();
    List<GlobalMemory> out = new ArrayList<>();
    List<Elements> found = Elements.poisoned(spec.outputs());
    for (int i = 0; i < inputs.size(); i++) {
      Elements e = i == operand ? inputs.get(i).copy() : inputs.get(i);
      in.add(GlobalMemory.of(e.segment()).at(site.aligned() ? 0 : e.dtype().bytes()));
    }
    for (int j = 0; j < found.size(); j++) {
      if (j == inPlace) {
        out.add(in.get(operand));
        found.set(j, new Elements(found.get(j).dtype(), in.get(operand).segment()));
      } else {
        Elements e = found.get(j);
        out.add(GlobalMemory.undefined(e.segment()).at(site.aligned() ? 0 : e.dtype().bytes()));
      }
    }
    try {
      KernelInterpreter.run(plan, in, out);
    } catch (KernelFault | IndexOutOfBoundsException | IllegalArgumentException e) {
      throw new AssertionError(what + ": " + e.getMessage() + "\n" + plan.kernels(), e);
    }
    List<Elements> wanted = new ArrayList<>(expected);
    if (inPlace >= 0) {
      // What the view does not touch keeps the input's elements.
      Elements w = inputs.get(operand).copy();
      List<Elements> target = Elements.poisoned(spec.outputs());
      target.set(inPlace, w);
      SpecReference.run(spec, inputs, target);
      wanted.set(inPlace, w);
    }
    Tolerance.check(what, spec, wanted, found);
  }
}
