package org.lathe.system.fuzz;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.function.BiFunction;
import org.lathe.compiler.ir.Graph;
import org.lathe.compiler.ir.GraphBuilder;
import org.lathe.compiler.ir.Literal;
import org.lathe.compiler.ir.TensorType;
import org.lathe.compiler.ir.TypeError;
import org.lathe.compiler.ir.Value;
import org.lathe.compiler.op.ControlFlow;
import org.lathe.compiler.op.Lowering;
import org.lathe.compiler.op.OpDef;
import org.lathe.compiler.op.OpDef.Domain;
import org.lathe.compiler.op.OpDef.Sample;
import org.lathe.compiler.op.Ops;
import org.lathe.compiler.op.Rule;
import org.lathe.compiler.op.Samples;
import org.lathe.compiler.op.Tensor;
import org.lathe.hal.DType;
import org.lathe.hal.Dims;

/**
 * Graphs at random over all ops: each application is one of the op's samples, its operands made of earlier values by
 * casting, clamping, slicing, tiling and transposing. The same seed gives the same graph.
 */
final class RandomGraphs {
  private static final int LARGEST = 3000;
  /** A rounding error can turn the results of these around, which says nothing about a device. */
  private static final Set<String> JUMPS = Set.of(
      "sign", "floor", "ceil", "round", "rem", "argMax", "argMin", "sort", "topK", "less", "lessEqual", "greater",
      "greaterEqual", "equal", "notEqual", "maxPoolGradient", "maxPoolPick", "cast", "pow", "cumulativeProduct",
      "reciprocal",
      "div", "rsqrt", "log");

  /** A graph and the inputs to try it on. */
  record Case(Graph graph, List<Literal> inputs) {}

  private final Random random;
  private final DType floating;
  private final List<OpDef> ops;

  private RandomGraphs(long seed, DType floating) {
    this.random = new Random(seed);
    this.floating = floating;
    this.ops = Ops.all().stream().filter(op -> floating == DType.F64 || isSmooth(op)).toList();
  }

  private static boolean isSmooth(OpDef op) {
    return !JUMPS.contains(op.name()) && (op.gradient().isPresent() || op.decomposition().isPresent());
  }

  /**
   * A graph of about {@code size} applications.
   *
   * @param floating f64 draws from all ops, since there a jump turned around by rounding is next to impossible; f32 from
   *     the smooth ones
   */
  static Case draw(long seed, int size, DType floating) {
    RandomGraphs r = new RandomGraphs(seed, floating);
    GraphBuilder b = new GraphBuilder("random" + seed);
    List<Tensor> pool = new ArrayList<>();
    List<Literal> inputs = new ArrayList<>();
    int count = 1 + r.random.nextInt(4);
    for (int i = 0; i < count; i++) {
      boolean integer = i > 0 && r.random.nextInt(4) == 0;
      TensorType type = new TensorType(integer ? DType.I32 : floating, r.shape());
      pool.add(new Tensor(b, b.input("x" + i, type)));
      inputs.add(Samples.draw(type, Domain.of(type.dtype()), r.random));
    }
    while (b.size() < size * 3 && pool.size() < count + size) {
      r.apply(b, pool);
    }
    List<Value> outputs = new ArrayList<>();
    outputs.add(pool.getLast().value());
    for (int i = r.random.nextInt(3); i > 0; i--) {
      outputs.add(pool.get(r.random.nextInt(pool.size())).value());
    }
    return new Case(b.build(outputs), inputs);
  }

  private Dims shape() {
    long[] sizes = {1, 2, 3, 4, 5, 7, 8, 13, 16, 17, 31};
    long[] shape = new long[random.nextInt(4)];
    for (int d = 0; d < shape.length; d++) {
      shape[d] = random.nextInt(40) == 0 ? 0 : sizes[random.nextInt(sizes.length)];
    }
    return Dims.of(shape).product() > LARGEST ? Dims.of(shape[0], 3) : Dims.of(shape);
  }

  private void apply(GraphBuilder b, List<Tensor> pool) {
    if (random.nextInt(12) == 0 && b.depth() == 0) {
      scan(pool);
      return;
    }
    OpDef op = ops.get(random.nextInt(ops.size()));
    Sample sample = op.samples().get(random.nextInt(op.samples().size()));
    List<TensorType> types = sample.inputs().stream().map(t -> t.dtype().isFloating() ? t.withDtype(floating) : t)
        .toList();
    if (isShapeFree(op, types)) {
      Dims shape = pick(pool).shape();
      types = types.stream().map(t -> t.withShape(shape)).toList();
    }
    if (types.stream().anyMatch(t -> t.size() > LARGEST)) {
      return;
    }
    List<TensorType> outputs;
    try {
      outputs = op.infer(types, sample.attributes());
    } catch (TypeError e) {
      return; // This sample is for another floating type.
    }
    if (outputs.stream().anyMatch(t -> t.size() > LARGEST || t.dtype().isFloating() && t.dtype() != floating)) {
      return;
    }
    List<Value> operands = new ArrayList<>();
    for (int i = 0; i < types.size(); i++) {
      operands.add(coerce(pick(pool), types.get(i), sample.domains().get(i)).value());
    }
    var node = b.append(op, operands, sample.attributes());
    for (int i = 0; i < outputs.size(); i++) {
      pool.add(new Tensor(b, node.output(i)));
    }
  }

  private static boolean isShapeFree(OpDef op, List<TensorType> types) {
    return op.lowering() instanceof Rule.Present<Lowering>(Lowering.Pointwise p) && !types.isEmpty();
  }

  private void scan(List<Tensor> pool) {
    Tensor carry = coerce(pick(pool), new TensorType(floating, Dims.of(1 + random.nextInt(5))), Domain.REAL);
    long length = random.nextInt(6);
    TensorType element = new TensorType(floating, shape());
    if (element.size() * length > LARGEST) {
      return;
    }
    Tensor sequence = coerce(pick(pool), element.withShape(element.shape().insert(0, length)), Domain.REAL);
    boolean reverse = random.nextBoolean();
    BiFunction<List<Tensor>, List<Tensor>, ControlFlow.Step> step = (c, x) -> {
      List<Tensor> inner = new ArrayList<>(List.of(c.getFirst(), x.getFirst(), pick(pool)));
      for (int i = 1 + random.nextInt(3); i > 0; i--) {
        apply(c.getFirst().builder(), inner);
      }
      Tensor next = coerce(inner.getLast(), carry.type(), Domain.REAL).add(c.getFirst().mul(0.5));
      return new ControlFlow.Step(next.tanh(), coerce(inner.get(random.nextInt(inner.size())), element, Domain.REAL));
    };
    var result = reverse
        ? ControlFlow.scanReverse(List.of(carry), List.of(sequence), step)
        : ControlFlow.scan(List.of(carry), List.of(sequence), step);
    pool.add(result.carry());
    pool.add(result.output());
  }

  /** The later a value, the likelier. */
  private Tensor pick(List<Tensor> pool) {
    int n = pool.size();
    return pool.get(Math.max(random.nextInt(n), random.nextInt(n)));
  }

  private Tensor coerce(Tensor v, TensorType type, Domain domain) {
    return reshape(retype(v, type.dtype(), domain), type.shape());
  }

  private Tensor retype(Tensor given, DType dtype, Domain domain) {
    Tensor v = given;
    if (floating == DType.F32 && v.dtype().isFloating() && !dtype.isFloating()) {
      // A rounding error could turn a conversion around: count instead.
      TensorType whole = v.type().withDtype(DType.I32);
      v = v.rank() == 0 ? Tensor.fill(v.builder(), whole, 1) : Tensor.iota(v.builder(), DType.I32, v.shape(), 0);
    }
    if (dtype == DType.BOOL) {
      return v.dtype() == DType.BOOL ? v : v.greater(0);
    }
    if (dtype.isInteger()) {
      Tensor whole = v.dtype() == dtype ? v : v.cast(dtype);
      return whole.clamp(dtype == DType.U8 ? Math.max(0, domain.low()) : domain.low(), domain.high());
    }
    Tensor real = v.dtype() == dtype ? v : v.cast(dtype);
    if (domain.equals(Domain.REAL)) {
      return random.nextInt(10) < 4 ? real.tanh() : real;
    }
    return real.sigmoid().mul(domain.high() - domain.low()).add(domain.low());
  }

  private Tensor reshape(Tensor v, Dims shape) {
    if (v.shape().equals(shape)) {
      return v;
    }
    long wanted = shape.product();
    if (v.type().size() == 0) {
      return Tensor.fill(v.builder(), v.type().withShape(shape), 1);
    }
    if (v.type().size() == 1 && random.nextBoolean()) {
      return v.reshape(Dims.of()).broadcastTo(shape);
    }
    Tensor flat = v.reshape(v.type().size());
    while (flat.dim(0) < wanted) {
      flat = Tensor.concat(0, random.nextBoolean() ? List.of(flat, v.reshape(v.type().size())) : List.of(flat, flat));
    }
    long low = random.nextInt((int) (flat.dim(0) - wanted) + 1);
    Tensor part = flat.slice(0, low, low + wanted);
    if (shape.rank() == 2 && random.nextBoolean()) {
      return part.reshape(shape.get(1), shape.get(0)).transpose();
    }
    return part.reshape(shape);
  }
}
