package org.lathe.compiler.lower;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.lathe.compiler.ir.Graph;
import org.lathe.compiler.ir.Node;
import org.lathe.compiler.ir.TensorType;
import org.lathe.hal.device.Capabilities;
import org.lathe.hal.program.BufferDecl;
import org.lathe.hal.program.Program;
import org.lathe.hal.program.Role;
import org.lathe.hal.program.Slice;
import org.lathe.hal.program.Step;
import org.lathe.hal.spec.Copy;

/**
 * From a graph of ops that have lowerings to a program.
 *
 * <p>Stages: {@link Materialisation} decides which values get memory, {@link Fusion} which are computed together, {@link
 * KernelBuilder} makes a kernel of each group, {@link GraphLowering} orders them and binds their operands, {@link
 * MemoryPlan} places the temporaries. Nothing here knows an op by name. Equal graphs give equal programs.
 */
public final class Lowerer {
  private Lowerer() {}

  /**
   * The program of {@code graph}.
   *
   * @param capabilities what the device refuses is not fused
   * @param donations inputs whose buffers take outputs of the same type; all are honoured
   * @throws IllegalArgumentException if a donation names no such input or output, differs in type, or comes twice
   * @throws UnsupportedOperationException if an op of the graph has no lowering
   */
  public static LoweredGraph lower(Graph graph, Capabilities capabilities, List<Donation> donations) {
    check(graph, donations);
    Map<Integer, Integer> donors = new HashMap<>();
    Set<Integer> donated = new HashSet<>();
    for (Donation d : donations) {
      donors.put(d.output(), d.input());
      donated.add(d.input());
    }
    List<BufferDecl> buffers = new ArrayList<>();
    List<Region> inputs = new ArrayList<>();
    Set<String> names = new HashSet<>();
    for (int i = 0; i < graph.inputs().size(); i++) {
      Node input = graph.inputs().get(i);
      Role role = donated.contains(i) ? Role.STATE : Role.INPUT;
      inputs.add(declare(buffers, unique(names, input.attributes().text("name")), role, input.output().type()));
    }
    List<Region> outputs = new ArrayList<>();
    for (int o = 0; o < graph.outputs().size(); o++) {
      Integer donor = donors.get(o);
      outputs.add(
          donor != null
              ? inputs.get(donor)
              : declare(buffers, unique(names, "output" + o), Role.OUTPUT, graph.outputs().get(o).type()));
    }
    Constants constants = new Constants(buffers.size());
    List<Work> work = GraphLowering.lower(constants, capabilities, graph, inputs, outputs, donations, 0);
    MemoryPlan plan = new MemoryPlan(work);
    buffers.addAll(constants.declarations());
    int scratch = buffers.size();
    if (plan.scratchBytes() > 0) {
      buffers.add(new BufferDecl("scratch", Role.SCRATCH, plan.scratchBytes(), null));
    }
    Program program = new Program(graph.name(), buffers, steps(work, plan, scratch));
    return new LoweredGraph(graph, program, donations, plan.peakBytes());
  }

  private static void check(Graph graph, List<Donation> donations) {
    Set<Integer> inputs = new HashSet<>();
    Set<Integer> outputs = new HashSet<>();
    for (Donation d : donations) {
      if (d.input() < 0
          || d.input() >= graph.inputs().size()
          || d.output() < 0
          || d.output() >= graph.outputs().size()) {
        throw new IllegalArgumentException(
            d + " of a graph with " + graph.inputs().size() + " inputs and " + graph.outputs().size() + " outputs");
      }
      TensorType from = graph.inputs().get(d.input()).output().type();
      TensorType to = graph.outputs().get(d.output()).type();
      if (!from.equals(to)) {
        throw new IllegalArgumentException(d + ": the input is " + from + ", the output " + to);
      }
      if (!inputs.add(d.input()) || !outputs.add(d.output())) {
        throw new IllegalArgumentException(d + ": the input or the output is donated twice");
      }
    }
  }

  private static String unique(Set<String> names, String name) {
    String candidate = name;
    for (int i = 2; !names.add(candidate); i++) {
      candidate = name + "." + i;
    }
    return candidate;
  }

  private static Region declare(List<BufferDecl> buffers, String name, Role role, TensorType type) {
    Region region = Region.of(Storage.declared(type.bytes(), buffers.size()));
    buffers.add(new BufferDecl(name, role, type.bytes(), null));
    return region;
  }

  private static List<Step> steps(List<Work> work, MemoryPlan plan, int scratch) {
    List<Step> steps = new ArrayList<>();
    for (Work w : work) {
      switch (w) {
        case Work.Run run -> {
          List<Slice> in = run.inputs().stream().map(r -> slice(r, plan, scratch)).toList();
          List<Slice> out = run.outputs().stream().map(r -> slice(r, plan, scratch)).toList();
          if (!(run.spec() instanceof Copy && in.equals(out))) {
            steps.add(new Step.Dispatch(run.spec(), in, out, run.label()));
          }
        }
        case Work.Repeat(long trips, List<Work> body) -> steps.add(new Step.Loop(trips, steps(body, plan, scratch)));
        case Work.Choose(Region predicate, List<Work> then, List<Work> otherwise) -> steps.add(
            new Step.Branch(
                slice(predicate, plan, scratch), steps(then, plan, scratch), steps(otherwise, plan, scratch)));
      }
    }
    return steps;
  }

  private static Slice slice(Region r, MemoryPlan plan, int scratch) {
    return r.storage().isTemporary()
        ? new Slice(scratch, plan.offset(r.storage()) + r.offset(), r.bytes(), r.loopSteps())
        : new Slice(r.storage().buffer(), r.offset(), r.bytes(), r.loopSteps());
  }
}
