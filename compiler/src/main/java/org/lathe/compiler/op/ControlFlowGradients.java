package org.lathe.compiler.op;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.lathe.compiler.ir.Attributes;
import org.lathe.compiler.ir.Graph;
import org.lathe.compiler.ir.GraphBuilder;
import org.lathe.compiler.ir.TensorType;
import org.lathe.compiler.ir.Value;

/**
 * The gradients of loops and choices. Both are made of loops and choices again, so second-order gradients work.
 *
 * <p>The gradient of a loop runs the loop once more with its carries stacked, a node that later passes merge with the
 * forward one, and then walks back over the stack, recomputing each step's inside: what is kept is one tuple of carries a
 * step.
 */
final class ControlFlowGradients {
  private ControlFlowGradients() {}

  static List<@Nullable Tensor> scan(OpDef.Call call, List<@Nullable Tensor> outputGradients) {
    return new ScanGradient(call, outputGradients).build();
  }

  /** One application of a scan's gradient; its parts share the counts and the builders. */
  private static final class ScanGradient {
    private final OpDef.Call call;
    private final List<@Nullable Tensor> outputGradients;
    private final Graph body;
    private final int carries;
    private final int sequences;
    private final long length;
    private final boolean reverse;
    private final GraphBuilder builder;
    private final GraphBuilder step;

    // The operands of the backward loop, and the inputs of its body that stand for them.
    private final List<Tensor> initial = new ArrayList<>();
    private final List<Tensor> state = new ArrayList<>();
    private final List<Tensor> stacked = new ArrayList<>();

    ScanGradient(OpDef.Call call, List<@Nullable Tensor> outputGradients) {
      Attributes a = call.attributes();
      this.call = call;
      this.outputGradients = outputGradients;
      this.body = a.graph("body");
      this.carries = Math.toIntExact(a.integer("carries"));
      this.sequences = Math.toIntExact(a.integer("sequences"));
      this.length = a.integer("length");
      this.reverse = a.flag("reverse");
      this.builder = Tensor.innermost(call.inputs());
      this.step = builder.nested(body.name() + "Gradient");
    }

    List<@Nullable Tensor> build() {
      // The carries of the backward loop: the gradient of each floating carry, then the sums for the invariants.
      List<@Nullable Tensor> cotangents = new ArrayList<>(Collections.nCopies(body.outputs().size(), null));
      for (int i = 0; i < carries; i++) {
        if (floating(i)) {
          Tensor g = outputGradients.get(i);
          cotangents.set(i, carry(g != null ? g : call.input(i).zerosLike()));
        }
      }
      int gradientCarries = initial.size();
      for (int i = carries + sequences; i < call.inputs().size(); i++) {
        if (wanted(i)) {
          carry(call.input(i).zerosLike());
        }
      }
      // Its sequences: the saved carries, the forward sequences, and the gradients of the stacked outputs.
      List<Tensor> arguments = new ArrayList<>();
      history().forEach(h -> arguments.add(element(h)));
      for (int i = carries; i < carries + sequences; i++) {
        arguments.add(element(call.input(i)));
      }
      for (int j = carries; j < body.outputs().size(); j++) {
        Tensor g = outputGradients.get(j);
        if (g != null) {
          cotangents.set(j, element(g));
        }
      }
      List<Tensor> invariants = call.inputs().subList(carries + sequences, call.inputs().size());
      for (Tensor invariant : invariants) {
        arguments.add(new Tensor(step, step.input("invariant", invariant.type())));
      }
      Graph graph = backwardStep(arguments, cotangents, gradientCarries);
      List<Tensor> operands = new ArrayList<>(initial);
      operands.addAll(stacked);
      operands.addAll(invariants);
      List<Tensor> results = ControlFlow.applyScan(builder, operands, graph, initial.size(), stacked.size(), length,
          !reverse);
      return distribute(results, gradientCarries);
    }

    /** Recomputes the step, then goes back through it. */
    private Graph backwardStep(List<Tensor> arguments, List<@Nullable Tensor> cotangents, int gradientCarries) {
      List<Tensor> wrt = new ArrayList<>();
      for (int i = 0; i < arguments.size(); i++) {
        if (i < carries ? floating(i) : wanted(i)) {
          wrt.add(arguments.get(i));
        }
      }
      List<Tensor> outputs = inline(step, body, arguments);
      List<@Nullable Tensor> found = Gradients.sparseVjp(outputs, cotangents, wrt);
      int wantedSequences = (int) IntStream.range(carries, carries + sequences).filter(this::wanted).count();
      List<Value> next = new ArrayList<>();
      List<Value> perElement = new ArrayList<>();
      for (int k = 0; k < wrt.size(); k++) {
        Tensor g = found.get(k);
        if (k < gradientCarries) {
          next.add((g != null ? g : wrt.get(k).zerosLike()).value());
        } else if (k < gradientCarries + wantedSequences) {
          perElement.add((g != null ? g : wrt.get(k).zerosLike()).value());
        } else {
          Tensor sum = state.get(k - wantedSequences);
          next.add((g != null ? sum.add(g) : sum).value());
        }
      }
      next.addAll(perElement);
      return step.build(next);
    }

    private List<@Nullable Tensor> distribute(List<Tensor> results, int gradientCarries) {
      List<@Nullable Tensor> all = new ArrayList<>(Collections.nCopies(call.inputs().size(), null));
      int carry = 0;
      int invariant = gradientCarries;
      int element = initial.size();
      for (int i = 0; i < call.inputs().size(); i++) {
        if (i < carries) {
          if (floating(i)) {
            all.set(i, results.get(carry++));
          }
        } else if (wanted(i)) {
          all.set(i, results.get(i < carries + sequences ? element++ : invariant++));
        }
      }
      return all;
    }

    /** Each carry before each step. */
    private List<Tensor> history() {
      List<Value> outputs = new ArrayList<>(body.outputs());
      body.inputs().subList(0, carries).forEach(n -> outputs.add(n.output()));
      Graph saving = new Graph(body.name(), body.inputs(), body.nodes(), outputs);
      List<Tensor> all = ControlFlow.applyScan(builder, call.inputs(), saving, carries, sequences, length, reverse);
      return all.subList(body.outputs().size(), all.size());
    }

    private Tensor carry(Tensor first) {
      Tensor inside = new Tensor(step, step.input("gradient", first.type()));
      initial.add(first);
      state.add(inside);
      return inside;
    }

    private Tensor element(Tensor sequence) {
      TensorType type = sequence.type();
      Tensor inside = new Tensor(step, step.input("element", type.withShape(type.shape().remove(0))));
      stacked.add(sequence);
      return inside;
    }

    private boolean floating(int input) {
      return call.input(input).dtype().isFloating();
    }

    private boolean wanted(int input) {
      return floating(input) && call.wants(input);
    }
  }

  static List<@Nullable Tensor> cond(OpDef.Call call, List<@Nullable Tensor> outputGradients) {
    List<Tensor> operands = call.inputs().subList(1, call.inputs().size());
    List<Integer> wanted = new ArrayList<>();
    for (int i = 0; i < operands.size(); i++) {
      if (operands.get(i).dtype().isFloating() && call.wants(1 + i)) {
        wanted.add(i);
      }
    }
    List<Tensor> all = new ArrayList<>(call.inputs());
    for (Tensor g : outputGradients) {
      if (g != null) {
        all.add(g);
      }
    }
    GraphBuilder builder = Tensor.innermost(call.inputs());
    Attributes attributes = Attributes.of(
        "then",
        branchGradient(builder, call.attributes().graph("then"), operands, outputGradients, wanted),
        "otherwise",
        branchGradient(builder, call.attributes().graph("otherwise"), operands, outputGradients, wanted));
    List<Tensor> results = Tensor.applyAll(builder, ControlFlow.COND, all, attributes);
    List<@Nullable Tensor> gradients = new ArrayList<>(Collections.nCopies(call.inputs().size(), null));
    for (int k = 0; k < wanted.size(); k++) {
      gradients.set(1 + wanted.get(k), results.get(k));
    }
    return gradients;
  }

  private static Graph branchGradient(
      GraphBuilder builder,
      Graph branch,
      List<Tensor> operands,
      List<@Nullable Tensor> outputGradients,
      List<Integer> wanted) {
    GraphBuilder inner = builder.nested(branch.name() + "Gradient");
    List<Tensor> arguments = new ArrayList<>();
    for (Tensor operand : operands) {
      arguments.add(new Tensor(inner, inner.input("operand", operand.type())));
    }
    List<@Nullable Tensor> cotangents = new ArrayList<>();
    for (Tensor g : outputGradients) {
      cotangents.add(g == null ? null : new Tensor(inner, inner.input("gradient", g.type())));
    }
    List<Tensor> wrt = wanted.stream().map(arguments::get).toList();
    List<@Nullable Tensor> found = Gradients.sparseVjp(inline(inner, branch, arguments), cotangents, wrt);
    List<Value> outputs = new ArrayList<>();
    for (int k = 0; k < wrt.size(); k++) {
      Tensor g = found.get(k);
      outputs.add((g != null ? g : wrt.get(k).zerosLike()).value());
    }
    return inner.build(outputs);
  }

  private static List<Tensor> inline(GraphBuilder builder, Graph graph, List<Tensor> arguments) {
    return builder.inline(graph, arguments.stream().map(Tensor::value).toList()).stream()
        .map(v -> new Tensor(builder, v))
        .toList();
  }
}
