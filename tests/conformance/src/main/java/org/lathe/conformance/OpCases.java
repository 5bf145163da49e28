package org.lathe.conformance;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.lathe.compiler.interp.Tolerances;
import org.lathe.compiler.ir.Graph;
import org.lathe.compiler.ir.GraphBuilder;
import org.lathe.compiler.ir.InputOp;
import org.lathe.compiler.ir.Literal;
import org.lathe.compiler.ir.TensorType;
import org.lathe.compiler.ir.TypeError;
import org.lathe.compiler.ir.Value;
import org.lathe.compiler.op.Gradients;
import org.lathe.compiler.op.Linear;
import org.lathe.compiler.op.Lowering;
import org.lathe.compiler.op.OpDef;
import org.lathe.compiler.op.OpDef.Domain;
import org.lathe.compiler.op.OpDef.Sample;
import org.lathe.compiler.op.OpDef.Tolerance;
import org.lathe.compiler.op.Rule;
import org.lathe.compiler.op.Samples;
import org.lathe.compiler.op.Tensor;
import org.lathe.hal.DType;
import org.lathe.hal.Dims;

/**
 * What is tried of an op: each of its samples, in other element types, at awkward sizes, through strided operands, at NaN
 * and infinities; a composite taken apart; and gradients of both.
 */
final class OpCases {
  private static final long SEED = 20_240_607;
  /** How many samples of an op are tried in further element types and through strides. */
  private static final int VARIED = 3;
  private static final List<Dims> AWKWARD = List.of(Dims.of(0), Dims.of(1), Dims.of(4099), Dims.of(3, 1, 17),
      Dims.of(207, 13), Dims.of(5, 0));

  private final OpDef op;
  private final List<OpCase> cases = new ArrayList<>();

  private OpCases(OpDef op) {
    this.op = op;
  }

  static List<OpCase> of(OpDef op) {
    OpCases all = new OpCases(op);
    all.build();
    return List.copyOf(all.cases);
  }

  private void build() {
    boolean specials = isElementwise() || !op.decomposition().isPresent();
    for (int i = 0; i < op.samples().size(); i++) {
      Sample sample = op.samples().get(i);
      String id = "#" + i;
      List<Literal> inputs = Samples.draw(sample, SEED + i);
      Graph whole = Samples.graph(op, sample);
      add("value", id, sample, whole, whole, inputs);
      if (specials) {
        add("special", id, sample, whole, whole, specials(sample, inputs, SEED + i));
      }
      if (op.decomposition().isPresent()) {
        add("decomposed", id, sample, Samples.decomposed(op, sample), whole, inputs);
      }
      gradients(id, sample);
      if (i < VARIED) {
        strided(id, sample);
        otherTypes(id, sample);
      }
    }
    awkward();
  }

  /**
   * NaN, infinities and -0 in every operand; of a convolution in the first alone, since what a padding's zero times
   * infinity gives is not specified: a kernel may skip it.
   */
  private List<Literal> specials(Sample sample, List<Literal> plain, long seed) {
    List<Literal> special = new ArrayList<>(Samples.drawSpecial(sample, seed));
    for (int i = 1; i < special.size() && op.name().startsWith("conv"); i++) {
      special.set(i, plain.get(i));
    }
    return special;
  }

  private void add(String kind, String id, Sample sample, Graph graph, Graph meaning, List<Literal> inputs) {
    long length = Tolerances.reductionLength(op, sample.inputs(), sample.attributes());
    cases.add(new OpCase(op.name(), name(kind, id, sample), graph, meaning, inputs, op.tolerance(), length, false));
  }

  private String name(String kind, String id, Sample sample) {
    return op.name() + "/" + kind + id + sample.inputs().stream().map(t -> " " + t).collect(Collectors.joining());
  }

  private boolean isPointwise() {
    return op.lowering() instanceof Rule.Present<Lowering>(Lowering.Pointwise p);
  }

  /** Whether each output element depends on the inputs' elements at its place alone. */
  private boolean isElementwise() {
    if (isPointwise()) {
      return true;
    }
    return op.decomposition().isPresent()
        && op.samples().stream().allMatch(
            s -> Samples.decomposed(op, s).nodes().stream().allMatch(
                n -> n.is(InputOp.INSTANCE)
                    || OpDef.of(n).lowering() instanceof Rule.Present<Lowering>(Lowering l)
                        && (l instanceof Lowering.Pointwise || l instanceof Lowering.Constant)));
  }

  private void gradients(String id, Sample sample) {
    boolean differentiable = op.gradient().isPresent() || op.decomposition().isPresent();
    if (!differentiable || op == Linear.STOP_GRADIENT) {
      return;
    }
    Optional<Graph> whole = gradient(sample, false);
    if (whole.isEmpty()) {
      return;
    }
    List<Literal> inputs = new ArrayList<>(Samples.draw(sample, SEED));
    List<TensorType> all = whole.get().inputTypes();
    List<TensorType> cotangents = all.subList(inputs.size(), all.size());
    inputs.addAll(
        Samples.draw(
            new Sample(cotangents, sample.attributes(), cotangents.stream().map(t -> Domain.REAL).toList()), ~SEED));
    gradientCase("gradient", id, sample, whole.get(), whole.get(), inputs);
    if (op.decomposition().isPresent()) {
      gradientCase("decomposedGradient", id, sample, gradient(sample, true).orElseThrow(), whole.get(), inputs);
    }
  }

  private void gradientCase(String kind, String id, Sample sample, Graph graph, Graph meaning, List<Literal> inputs) {
    Tolerance t = op.tolerance();
    Tolerance wider = new Tolerance(
        4 * Math.max(t.relative(), Tolerance.TRANSCENDENTAL.relative()),
        4 * Math.max(t.absolute(), Tolerance.TRANSCENDENTAL.absolute()));
    long length = Math.max(
        Tolerances.reductionLength(meaning), Tolerances.reductionLength(op, sample.inputs(), sample.attributes()));
    cases.add(new OpCase(op.name(), name(kind, id, sample), graph, meaning, inputs, wider, length, true));
  }

  /** The gradients of all floating inputs; takes the inputs and a cotangent for each floating output. */
  private Optional<Graph> gradient(Sample sample, boolean decomposed) {
    GraphBuilder b = new GraphBuilder(op.name() + "Gradient");
    List<Tensor> inputs = inputs(b, sample.inputs());
    List<Tensor> wrt = inputs.stream().filter(t -> t.dtype().isFloating()).toList();
    List<Tensor> outputs = outputs(b, inputs, sample, decomposed).stream().filter(t -> t.dtype().isFloating()).toList();
    if (wrt.isEmpty() || outputs.isEmpty()) {
      return Optional.empty();
    }
    List<Tensor> cotangents = inputs(b, outputs.stream().map(Tensor::type).toList());
    return Optional.of(b.build(values(Gradients.vjp(outputs, cotangents, wrt))));
  }

  private List<Tensor> outputs(GraphBuilder b, List<Tensor> inputs, Sample sample, boolean decomposed) {
    if (decomposed) {
      return op.decomposition().orElseThrow(op::name).build(inputs, sample.attributes());
    }
    var node = b.append(op, values(inputs), sample.attributes());
    return IntStream.range(0, node.types().size()).mapToObj(i -> new Tensor(b, node.output(i))).toList();
  }

  private static List<Tensor> inputs(GraphBuilder b, List<TensorType> types) {
    return types.stream().map(t -> new Tensor(b, b.input("x" + b.size(), t))).toList();
  }

  private static List<Value> values(List<Tensor> tensors) {
    return tensors.stream().map(Tensor::value).toList();
  }

  /** The operands arrive transposed, and as every second element of something larger. */
  private void strided(String id, Sample sample) {
    if (sample.inputs().stream().anyMatch(t -> t.rank() > 1)) {
      List<TensorType> turned = sample.inputs().stream().map(t -> t.withShape(reversed(t.shape()))).toList();
      GraphBuilder b = new GraphBuilder(op.name() + "Transposed");
      List<Tensor> operands = inputs(b, turned).stream().map(t -> t.rank() > 1 ? t.permute(reversedOrder(t.rank())) : t)
          .toList();
      Graph graph = b.build(values(outputs(b, operands, sample, false)));
      add("transposed", id, sample, graph, graph,
          Samples.draw(new Sample(turned, sample.attributes(), sample.domains()), SEED));
    }
    if (sample.inputs().stream().anyMatch(t -> t.rank() > 0)) {
      List<TensorType> larger = sample.inputs().stream().map(t -> t.withShape(t.shape().map(n -> 2 * n + 1))).toList();
      GraphBuilder b = new GraphBuilder(op.name() + "Sliced");
      List<Tensor> operands = inputs(b, larger).stream().map(OpCases::everySecond).toList();
      Graph graph = b.build(values(outputs(b, operands, sample, false)));
      add("sliced", id, sample, graph, graph,
          Samples.draw(new Sample(larger, sample.attributes(), sample.domains()), SEED));
    }
  }

  private static Tensor everySecond(Tensor t) {
    if (t.rank() == 0) {
      return t;
    }
    return t.slice(Dims.filled(t.rank(), 1), t.shape(), Dims.filled(t.rank(), 2));
  }

  private static Dims reversed(Dims shape) {
    return Dims.of(IntStream.range(0, shape.rank()).mapToLong(shape::last).toArray());
  }

  private static int[] reversedOrder(int rank) {
    return IntStream.range(0, rank).map(i -> rank - 1 - i).toArray();
  }

  /** The same sample with all floating operands, or all integers, of another type, where the op takes that. */
  private void otherTypes(String id, Sample sample) {
    for (DType dtype : DType.values()) {
      List<TensorType> types = sample.inputs().stream()
          .map(t -> t.dtype().isFloating() && dtype.isFloating() || t.dtype().isInteger() && dtype.isInteger()
              ? t.withDtype(dtype)
              : t)
          .toList();
      if (!types.equals(sample.inputs())) {
        variant("value", id, types, sample);
      }
    }
  }

  private void awkward() {
    if (!isPointwise()) {
      return;
    }
    Set<List<DType>> seen = new LinkedHashSet<>();
    for (int i = 0; i < op.samples().size(); i++) {
      Sample sample = op.samples().get(i);
      if (seen.add(sample.inputs().stream().map(TensorType::dtype).toList())) {
        for (Dims shape : AWKWARD) {
          variant("shape", "#" + i, sample.inputs().stream().map(t -> t.withShape(shape)).toList(), sample);
        }
      }
    }
  }

  private void variant(String kind, String id, List<TensorType> types, Sample sample) {
    Sample changed = new Sample(types, sample.attributes(), sample.domains());
    try {
      op.infer(types, sample.attributes());
    } catch (TypeError e) {
      return; // The op says that it does not take these types: there is nothing to try.
    }
    String name = name(kind, id, changed);
    if (cases.stream().noneMatch(c -> c.name().equals(name))) {
      Graph graph = Samples.graph(op, changed);
      add(kind, id, changed, graph, graph, Samples.draw(changed, SEED));
    }
  }
}
