package org.lathe.compiler.op;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiFunction;
import java.util.function.Function;
import org.lathe.compiler.ir.Attributes;
import org.lathe.compiler.ir.Graph;
import org.lathe.compiler.ir.GraphBuilder;
import org.lathe.compiler.ir.InputOp;
import org.lathe.compiler.ir.Literal;
import org.lathe.compiler.ir.Node;
import org.lathe.compiler.ir.TensorType;
import org.lathe.compiler.ir.TypeError;
import org.lathe.compiler.ir.Value;
import org.lathe.hal.DType;

/** Loops over time and choices: ops whose attributes are graphs. */
public final class ControlFlow {
  private ControlFlow() {}

  /** The errors of a body's ops add up, over the steps as well. */
  private static final OpDef.Tolerance ACCUMULATED = new OpDef.Tolerance(1e-5, 1e-5);

  /**
   * A loop that carries values from step to step, takes one element of each sequence in a step, and stacks its outputs.
   *
   * <p>Attributes: {@code body} (a graph), {@code carries} (how many), {@code sequences} (how many), {@code length} (T, the
   * number of steps), {@code reverse} (whether from the last element to the first).
   *
   * <p>Operands: the initial carries, then the sequences, each {@code [T, ...element]}, then the invariants: anything that
   * every step sees whole. The body takes the carries, one element of each sequence (without the leading dimension), and
   * the invariants, in this order. It gives the new carries, of the same types, then the step's outputs.
   *
   * <p>Outputs: the final carries, then each of the body's outputs stacked to {@code [T, ...output]}. The step that takes
   * element t gives stacked element t, in reverse as well. With T = 0 the final carries are the initial ones.
   */
  public static final OpDef SCAN = new OpDef(
      "scan",
      ControlFlow::scanTypes,
      ControlFlow::scanReference,
      Rule.of(ControlFlowGradients::scan),
      Rule.of(new Lowering.Loop()),
      Rule.absent("a loop is a primitive"),
      ControlFlowSamples.scans(),
      ACCUMULATED);

  /**
   * A choice between two graphs, one of which runs.
   *
   * <p>Attributes: {@code then} and {@code otherwise}, two graphs that take the same types and give the same types.
   * Operands: the predicate, {@code bool[]}, then the operands of both graphs. Outputs: those of the graph chosen.
   */
  public static final OpDef COND = new OpDef(
      "cond",
      ControlFlow::condTypes,
      ControlFlow::condReference,
      Rule.of(ControlFlowGradients::cond),
      Rule.of(new Lowering.Branch()),
      Rule.absent("a choice is a primitive"),
      ControlFlowSamples.conds(),
      ACCUMULATED);

  static final List<OpDef> ALL = List.of(SCAN, COND);

  /** What one step of a {@link #scan} gives. */
  public record Step(List<Tensor> carries, List<Tensor> outputs) {
    public Step {
      carries = List.copyOf(carries);
      outputs = List.copyOf(outputs);
    }

    /** One carry, one output. */
    public Step(Tensor carry, Tensor output) {
      this(List.of(carry), List.of(output));
    }
  }

  /** What a {@link #scan} gives: the final carries, and the outputs stacked to {@code [T, ...]}. */
  public record Scanned(List<Tensor> carries, List<Tensor> outputs) {
    public Tensor carry() {
      return carries.getFirst();
    }

    public Tensor output() {
      return outputs.getFirst();
    }
  }

  /**
   * Runs {@code step} over the leading dimension of the sequences, from first to last.
   *
   * @param step given the carries and one element of each sequence; outer tensors that it uses are passed in
   * @throws TypeError if the sequences differ in length, there is none, or a carry changes its type
   */
  public static Scanned scan(
      List<Tensor> initialCarries, List<Tensor> sequences, BiFunction<List<Tensor>, List<Tensor>, Step> step) {
    return scan(initialCarries, sequences, length(sequences), false, step);
  }

  /** As {@link #scan(List, List, BiFunction)}, from last to first. */
  public static Scanned scanReverse(
      List<Tensor> initialCarries, List<Tensor> sequences, BiFunction<List<Tensor>, List<Tensor>, Step> step) {
    return scan(initialCarries, sequences, length(sequences), true, step);
  }

  /** Runs {@code step} {@code length} times on carries alone, of which there is at least one. */
  public static Scanned repeat(List<Tensor> initialCarries, long length, Function<List<Tensor>, Step> step) {
    return scan(initialCarries, List.of(), length, false, (carries, none) -> step.apply(carries));
  }

  private static long length(List<Tensor> sequences) {
    if (sequences.isEmpty() || sequences.getFirst().rank() == 0) {
      throw new TypeError("scan: needs a sequence of at least one dimension; without sequences use repeat");
    }
    return sequences.getFirst().dim(0);
  }

  private static Scanned scan(
      List<Tensor> carries,
      List<Tensor> sequences,
      long length,
      boolean reverse,
      BiFunction<List<Tensor>, List<Tensor>, Step> step) {
    if (carries.isEmpty() && sequences.isEmpty()) {
      throw new TypeError("repeat: needs at least one carry");
    }
    GraphBuilder outer = Tensor.innermost(concat(carries, sequences));
    GraphBuilder body = outer.nested("step");
    List<Tensor> bodyCarries = new ArrayList<>();
    for (int i = 0; i < carries.size(); i++) {
      bodyCarries.add(new Tensor(body, body.input("carry" + i, carries.get(i).type())));
    }
    List<Tensor> elements = new ArrayList<>();
    for (int i = 0; i < sequences.size(); i++) {
      TensorType type = sequences.get(i).type();
      if (type.rank() == 0) {
        throw new TypeError("scan: sequence " + i + " is " + type + ", which has no leading dimension");
      }
      elements.add(new Tensor(body, body.input("element" + i, type.withShape(type.shape().remove(0)))));
    }
    Step result = step.apply(List.copyOf(bodyCarries), List.copyOf(elements));
    if (result.carries().size() != carries.size()) {
      throw new TypeError(
          "scan: starts with " + carries.size() + " carries, but its step gives " + result.carries().size());
    }
    Graph graph = body.build(concat(result.carries(), result.outputs()).stream().map(Tensor::value).toList());
    List<Tensor> operands = new ArrayList<>(concat(carries, sequences));
    body.captured().forEach(v -> operands.add(new Tensor(outer, v)));
    List<Tensor> all = applyScan(outer, operands, graph, carries.size(), sequences.size(), length, reverse);
    return new Scanned(all.subList(0, carries.size()), all.subList(carries.size(), all.size()));
  }

  /** Applies {@link #SCAN} to operands in its order. */
  static List<Tensor> applyScan(
      GraphBuilder builder, List<Tensor> operands, Graph body, int carries, int sequences, long length,
      boolean reverse) {
    Attributes attributes = Attributes.of("body", body)
        .with("carries", carries).with("sequences", sequences).with("length", length).with("reverse", reverse);
    return Tensor.applyAll(builder, SCAN, operands, attributes);
  }

  /**
   * Gives what {@code then} or {@code otherwise} gives for {@code operands}, and runs only that one.
   *
   * @param predicate {@code bool[]}
   * @throws TypeError if the predicate is no scalar bool or the two give different types
   */
  public static List<Tensor> cond(
      Tensor predicate,
      List<Tensor> operands,
      Function<List<Tensor>, List<Tensor>> then,
      Function<List<Tensor>, List<Tensor>> otherwise) {
    GraphBuilder outer = Tensor.innermost(concat(List.of(predicate), operands));
    GraphBuilder thenBody = outer.nested("then");
    GraphBuilder otherwiseBody = outer.nested("otherwise");
    List<Value> thenOutputs = trace(thenBody, operands, then);
    List<Value> otherwiseOutputs = trace(otherwiseBody, operands, otherwise);
    // Both take the union of what they capture: a value that only one uses is an unused input of the other.
    for (Value v : thenBody.captured()) {
      otherwiseBody.local(v);
    }
    for (Value v : otherwiseBody.captured()) {
      thenBody.local(v);
    }
    List<Value> captured = thenBody.captured();
    List<Tensor> all = new ArrayList<>();
    all.add(predicate);
    all.addAll(operands);
    captured.forEach(v -> all.add(new Tensor(outer, v)));
    return Tensor.applyAll(
        outer,
        COND,
        all,
        Attributes.of(
            "then",
            ordered(thenBody, thenOutputs, operands.size(), captured),
            "otherwise",
            ordered(otherwiseBody, otherwiseOutputs, operands.size(), captured)));
  }

  private static List<Value> trace(
      GraphBuilder body, List<Tensor> operands, Function<List<Tensor>, List<Tensor>> function) {
    List<Tensor> inputs = new ArrayList<>();
    for (int i = 0; i < operands.size(); i++) {
      inputs.add(new Tensor(body, body.input("operand" + i, operands.get(i).type())));
    }
    return function.apply(List.copyOf(inputs)).stream().map(t -> body.local(t.value())).toList();
  }

  private static Graph ordered(GraphBuilder body, List<Value> outputs, int operands, List<Value> captured) {
    Graph graph = body.build(outputs);
    List<Node> inputs = new ArrayList<>(graph.inputs().subList(0, operands));
    captured.forEach(v -> inputs.add(body.local(v).node()));
    return new Graph(graph.name(), inputs, graph.nodes(), graph.outputs());
  }

  private static <T> List<T> concat(List<T> a, List<T> b) {
    List<T> all = new ArrayList<>(a);
    all.addAll(b);
    return all;
  }

  private static List<TensorType> scanTypes(List<TensorType> inputs, Attributes a) {
    Graph body = a.graph("body");
    int carries = Math.toIntExact(a.integer("carries"));
    int sequences = Math.toIntExact(a.integer("sequences"));
    long length = a.integer("length");
    List<TensorType> takes = body.inputTypes();
    List<TensorType> gives = body.outputTypes();
    if (length < 0 || carries < 0 || sequences < 0 || inputs.size() < carries + sequences || gives.size() < carries) {
      throw new TypeError(
          "scan: " + carries + " carries and " + sequences + " sequences over " + length + " steps do not fit "
              + inputs.size() + " operands and a body with " + gives.size() + " outputs");
    }
    if (inputs.size() != takes.size()) {
      throw new TypeError("scan: the body takes " + takes.size() + " inputs, found " + inputs.size() + " operands");
    }
    for (int i = 0; i < inputs.size(); i++) {
      boolean sequence = i >= carries && i < carries + sequences;
      TensorType wanted = sequence ? stacked(takes.get(i), length) : takes.get(i);
      if (!inputs.get(i).equals(wanted)) {
        String what = i < carries ? "carry " : sequence ? "sequence " : "invariant ";
        throw new TypeError("scan: " + what + i + " must be " + wanted + ", found " + inputs.get(i));
      }
    }
    List<TensorType> outputs = new ArrayList<>();
    for (int i = 0; i < gives.size(); i++) {
      if (i < carries && !gives.get(i).equals(takes.get(i))) {
        throw new TypeError("scan: carry " + i + " starts as " + takes.get(i) + ", but a step gives " + gives.get(i));
      }
      outputs.add(i < carries ? gives.get(i) : stacked(gives.get(i), length));
    }
    return outputs;
  }

  private static TensorType stacked(TensorType element, long length) {
    return element.withShape(element.shape().insert(0, length));
  }

  private static List<TensorType> condTypes(List<TensorType> inputs, Attributes a) {
    TensorType bool = TensorType.of(DType.BOOL);
    if (inputs.isEmpty() || !inputs.getFirst().equals(bool)) {
      throw new TypeError(
          "cond: the predicate must be " + bool + ", found " + (inputs.isEmpty() ? "nothing" : inputs.getFirst()));
    }
    List<TensorType> operands = inputs.subList(1, inputs.size());
    Graph then = a.graph("then");
    Graph otherwise = a.graph("otherwise");
    if (!then.inputTypes().equals(operands) || !otherwise.inputTypes().equals(operands)) {
      throw new TypeError(
          "cond: its graphs take " + then.inputTypes() + " and " + otherwise.inputTypes() + ", found " + operands);
    }
    if (!then.outputTypes().equals(otherwise.outputTypes())) {
      throw new TypeError("cond: one graph gives " + then.outputTypes() + ", the other " + otherwise.outputTypes());
    }
    return then.outputTypes();
  }

  private static List<Literal> scanReference(List<Literal> inputs, Attributes a) {
    Graph body = a.graph("body");
    int carries = Math.toIntExact(a.integer("carries"));
    int sequences = Math.toIntExact(a.integer("sequences"));
    int length = Math.toIntExact(a.integer("length"));
    int outputs = body.outputs().size() - carries;
    double[][] stacks = new double[outputs][];
    for (int j = 0; j < outputs; j++) {
      stacks[j] = new double[Math.toIntExact(length * body.outputTypes().get(carries + j).size())];
    }
    List<Literal> state = new ArrayList<>(inputs.subList(0, carries));
    for (int s = 0; s < length; s++) {
      int t = a.flag("reverse") ? length - 1 - s : s;
      List<Literal> arguments = new ArrayList<>(state);
      for (int i = 0; i < sequences; i++) {
        arguments.add(element(inputs.get(carries + i), body.inputTypes().get(carries + i), t));
      }
      arguments.addAll(inputs.subList(carries + sequences, inputs.size()));
      List<Literal> results = evaluate(body, arguments);
      state = new ArrayList<>(results.subList(0, carries));
      for (int j = 0; j < outputs; j++) {
        double[] step = results.get(carries + j).toArray();
        System.arraycopy(step, 0, stacks[j], t * step.length, step.length);
      }
    }
    List<Literal> all = new ArrayList<>(state);
    for (int j = 0; j < outputs; j++) {
      all.add(Literal.adopt(stacked(body.outputTypes().get(carries + j), length), stacks[j]));
    }
    return all;
  }

  private static Literal element(Literal sequence, TensorType type, int t) {
    int size = Math.toIntExact(type.size());
    return Literal.adopt(type, Arrays.copyOfRange(sequence.toArray(), t * size, (t + 1) * size));
  }

  private static List<Literal> condReference(List<Literal> inputs, Attributes a) {
    Graph chosen = a.graph(inputs.getFirst().get(0) != 0 ? "then" : "otherwise");
    return evaluate(chosen, inputs.subList(1, inputs.size()));
  }

  /** A graph's outputs by the references of its ops. */
  private static List<Literal> evaluate(Graph graph, List<Literal> inputs) {
    Map<Value, Literal> values = new HashMap<>();
    for (int i = 0; i < inputs.size(); i++) {
      values.put(graph.inputs().get(i).output(), inputs.get(i));
    }
    for (Node node : graph.nodes()) {
      if (!node.is(InputOp.INSTANCE)) {
        List<Literal> operands = node.inputs().stream().map(v -> values.get(v)).toList();
        List<Literal> results = OpDef.of(node).reference().evaluate(operands, node.attributes());
        for (int i = 0; i < results.size(); i++) {
          values.put(node.output(i), results.get(i));
        }
      }
    }
    return graph.outputs().stream().map(v -> values.get(v)).toList();
  }
}
