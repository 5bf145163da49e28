package org.lathe.backends.simt.schedule;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.function.Function;
import org.lathe.hal.DType;
import org.lathe.hal.Dims;
import org.lathe.hal.expr.BinaryOp;
import org.lathe.hal.expr.Combiner;
import org.lathe.hal.expr.Expr;
import org.lathe.hal.expr.UnaryOp;
import org.lathe.hal.spec.Copy;
import org.lathe.hal.spec.Gather;
import org.lathe.hal.spec.KernelSpec;
import org.lathe.hal.spec.Map;
import org.lathe.hal.spec.Pooling;
import org.lathe.hal.spec.Epilogue;
import org.lathe.hal.spec.RandomBits;
import org.lathe.hal.spec.Reduce;
import org.lathe.hal.spec.RowProgram;
import org.lathe.hal.spec.Scan;
import org.lathe.hal.spec.Scatter;
import org.lathe.hal.spec.Sort;
import org.lathe.hal.spec.TopK;
import org.lathe.hal.spec.View;

/** Random kernels at awkward sizes whose results are smooth in their operands, so that they may be compared. */
public final class RandomKernels {
  private static final long[] SIZES = {1, 1, 2, 3, 4, 5, 7, 13, 16, 17, 20, 33, 64, 70, 131};
  private static final List<DType> WHOLE = List.of(DType.I32, DType.I64, DType.U8, DType.BOOL);
  private final Random random;
  private final long most;
  private final List<DType> reals;

  /** Kernels over at most so many points. */
  public RandomKernels(long seed, long most) {
    random = new Random(seed);
    this.most = most;
    // In one kernel: the tolerance of f64 allows for no f32 on the way.
    reals = random.nextInt(4) == 0 ? List.of(DType.F64) : List.of(DType.F32, DType.F32, DType.F16, DType.BF16);
  }

  /** What makes a kernel of each kind. */
  public static java.util.Map<String, Function<RandomKernels, KernelSpec>> kinds() {
    java.util.Map<String, Function<RandomKernels, KernelSpec>> kinds = new java.util.LinkedHashMap<>();
    kinds.put("map", RandomKernels::map);
    kinds.put("reduce", RandomKernels::reduce);
    kinds.put("row", RandomKernels::rowProgram);
    kinds.put("gather", RandomKernels::gather);
    kinds.put("scatter", RandomKernels::scatter);
    kinds.put("copy", r -> new Copy(r.pick(0L, 1L, 3L, 13L, 64L, 207L, 4096L, 8192L, 16384L, 5001L)));
    kinds.put("random", r -> new RandomBits(r.pick(0L, 1L, 2L, 3L, 4L, 7L, 64L, 65L, 207L, 4098L, 5003L)));
    kinds.put("scan", RandomKernels::scan);
    kinds.put("sort", RandomKernels::sort);
    kinds.put("topk", RandomKernels::topK);
    kinds.put("pooling", RandomKernels::pooling);
    return kinds;
  }

  @SafeVarargs
  private <T> T pick(T... items) {
    return items[random.nextInt(items.length)];
  }

  private <T> T pick(List<T> items) {
    return items.get(random.nextInt(items.size()));
  }

  private long size() {
    return random.nextInt(60) == 0 ? 0 : SIZES[random.nextInt(SIZES.length)];
  }

  private Dims space(int rank, long limit) {
    long[] sizes = new long[rank];
    long left = limit;
    for (int d = 0; d < rank; d++) {
      sizes[d] = Math.min(size(), Math.max(1, left));
      left /= Math.max(1, sizes[d]);
    }
    for (int d = rank - 1; d > 0; d--) {
      int e = random.nextInt(d + 1);
      long s = sizes[d];
      sizes[d] = sizes[e];
      sizes[e] = s;
    }
    return Dims.of(sizes);
  }

  private DType dtype() {
    return random.nextInt(3) == 0 ? pick(WHOLE) : pick(reals);
  }

  /** Mostly dense, sometimes permuted, reversed or with gaps. */
  private View output(DType type, Dims space) {
    List<Integer> order = new ArrayList<>();
    boolean plain = random.nextInt(2) == 0;
    for (int d = space.rank() - 1; d >= 0; d--) {
      order.add(plain ? order.size() : random.nextInt(order.size() + 1), d);
    }
    long[] strides = new long[space.rank()];
    long step = random.nextInt(6) == 0 ? 2 : 1;
    long offset = random.nextInt(4) == 0 ? random.nextInt(3) : 0;
    for (int d : order) {
      boolean reversed = random.nextInt(12) == 0 && space.get(d) > 0;
      strides[d] = reversed ? -step : step;
      offset += reversed ? step * (space.get(d) - 1) : 0;
      step *= Math.max(1, space.get(d));
    }
    return new View(type, offset, Dims.of(strides), null);
  }

  private View input(DType type, Dims space) {
    View v = output(type, space);
    for (int d = 0; d < space.rank(); d++) {
      if (random.nextInt(5) == 0 && v.strides().get(d) >= 0) {
        v = new View(type, v.offset(), v.strides().with(d, 0), null);
      }
    }
    if (random.nextInt(4) > 0) {
      return v;
    }
    Dims low = space.map(n -> random.nextInt(3) > 0 ? 0 : random.nextLong(Math.max(1, n)));
    Dims high = space.map(n -> random.nextInt(3) > 0 ? n : random.nextLong(Math.max(1, n) + 1));
    double outside = type.isFloating() && random.nextInt(3) == 0
        ? Double.NEGATIVE_INFINITY
        : type == DType.BOOL ? 1 : random.nextInt(4);
    return new View(type, v.offset(), v.strides(), new View.Guard(low, high, outside));
  }

  private List<View> inputs(Dims space, int least) {
    List<View> views = new ArrayList<>();
    for (int n = least + random.nextInt(3); n > 0; n--) {
      views.add(input(dtype(), space));
    }
    return views;
  }

  private List<View> outputs(Dims space) {
    List<View> views = new ArrayList<>();
    for (int n = 1 + random.nextInt(2); n > 0; n--) {
      views.add(output(dtype(), space));
    }
    return views;
  }

  private static List<DType> types(List<View> views) {
    return views.stream().map(View::dtype).toList();
  }

  /** A small expression of these inputs. What is cast to another type was not rounded before. */
  private Expr expr(List<DType> inputs, List<Integer> counted, List<DType> results) {
    Expr.Builder b = Expr.builder();
    List<Integer> raw = new ArrayList<>();
    for (int i = 0; i < inputs.size(); i++) {
      raw.add(b.input(i, inputs.get(i)));
    }
    for (int d : counted) {
      if (random.nextInt(4) == 0) {
        raw.add(b.add(new Expr.Index(d)));
      }
    }
    raw.add(b.constant(reals.getFirst(), 0.75));
    List<Integer> roots = new ArrayList<>();
    for (DType type : results) {
      int root = operand(b, raw, type);
      for (int n = random.nextInt(4); n > 0; n--) {
        int other = operand(b, raw, type);
        root = switch (type) {
          case BOOL -> b.binary(pick(BinaryOp.AND, BinaryOp.OR, BinaryOp.XOR), root, other);
          case I32, I64, U8 ->
            b.binary(pick(BinaryOp.ADD, BinaryOp.MUL, BinaryOp.SUB, BinaryOp.MAX, BinaryOp.DIV), root,
                other);
          default -> switch (random.nextInt(5)) {
            case 0 -> b.unary(pick(UnaryOp.TANH, UnaryOp.SIGMOID, UnaryOp.ABS, UnaryOp.NEG, UnaryOp.ERF), root);
            case 1 -> {
              int x = pick(raw);
              yield b.select(b.binary(BinaryOp.LT, x, operand(b, raw, b.type(x))), root, other);
            }
            default ->
              b.binary(pick(BinaryOp.ADD, BinaryOp.SUB, BinaryOp.MUL, BinaryOp.MAX, BinaryOp.MIN), root, other);
          };
        };
      }
      roots.add(root);
    }
    return b.build(roots);
  }

  /** Something of this type; what is cast between kinds of numbers is an input. */
  private int operand(Expr.Builder b, List<Integer> raw, DType type) {
    return b.cast(pick(raw), type);
  }

  private List<Integer> counted(int rank) {
    List<Integer> dims = new ArrayList<>();
    for (int d = 0; d < rank; d++) {
      dims.add(d);
    }
    return random.nextInt(3) == 0 ? dims : List.of();
  }

  private Map map() {
    Dims space = space(random.nextInt(5), most);
    List<View> in = inputs(space, random.nextInt(2));
    List<View> out = outputs(space);
    return new Map(space, in, expr(types(in), counted(space.rank()), types(out)), out);
  }

  private Combiner combiner(DType type) {
    if (type == DType.BOOL) {
      return pick(Combiner.MAX, Combiner.MIN, Combiner.ARGMAX);
    }
    // A product of many reals says little after rounding.
    return type.isFloating()
        ? pick(Combiner.SUM, Combiner.SUM, Combiner.MAX, Combiner.MIN, Combiner.ARGMAX, Combiner.ARGMIN)
        : pick(Combiner.values());
  }

  private Reduce reduce() {
    Dims kept = space(random.nextInt(3), random.nextBoolean() ? most : 40);
    Dims reduced = space(1 + random.nextInt(2), most / Math.max(1, kept.product()));
    List<View> in = inputs(kept.append(reduced), 1);
    List<DType> produced = new ArrayList<>();
    List<Combiner> combiners = new ArrayList<>();
    List<DType> seen = new ArrayList<>();
    Expr.Builder b = Expr.builder();
    List<Integer> results = new ArrayList<>();
    for (int n = 1 + random.nextInt(2); n > 0; n--) {
      DType type = dtype();
      Combiner c = combiner(type);
      boolean index = c == Combiner.ARGMAX || c == Combiner.ARGMIN;
      List<Integer> counted = index ? List.of() : counted(kept.rank() + reduced.rank());
      int raw = random.nextInt(in.size());
      Expr e = index
          ? null
          : expr(types(in), counted, List.of(type));
      if (e == null) {
        results.add(b.input(raw, in.get(raw).dtype()));
        type = in.get(raw).dtype();
      } else {
        results.add(append(b, e));
      }
      produced.add(type);
      combiners.add(type == DType.BOOL && (c == Combiner.SUM || c == Combiner.PRODUCT) ? Combiner.MAX : c);
      seen.add(c.resultType(type.compute()));
    }
    List<View> more = inputs(kept, 0);
    seen.addAll(types(more));
    List<View> out = outputs(kept);
    return new Reduce(kept, reduced, in, b.build(results), combiners, more,
        expr(seen, counted(kept.rank()), types(out)), out);
  }

  private static int append(Expr.Builder b, Expr e) {
    int[] at = new int[e.nodes().size()];
    for (int i = 0; i < at.length; i++) {
      at[i] = switch (e.nodes().get(i)) {
        case Expr.Unary u -> b.unary(u.op(), at[u.a()]);
        case Expr.Binary x -> b.binary(x.op(), at[x.a()], at[x.b()]);
        case Expr.Select s -> b.select(at[s.condition()], at[s.a()], at[s.b()]);
        case Expr.Cast c -> b.cast(at[c.a()], c.type());
        case Expr.Node n -> b.add(n);
      };
    }
    return at[e.results().getFirst()];
  }

  private RowProgram rowProgram() {
    Dims rows = space(random.nextInt(3), random.nextBoolean() ? most : 40);
    long columns = random.nextInt(4) == 0
        ? Math.min(most / Math.max(1, rows.product()), 1000 + size())
        : space(1, most / Math.max(1, rows.product())).product();
    Dims space = rows.append(Dims.of(columns));
    List<View> in = inputs(space, 1);
    List<DType> seen = new ArrayList<>(types(in));
    List<RowProgram.Stage> stages = new ArrayList<>();
    for (int n = random.nextInt(4); n > 0; n--) {
      DType type = random.nextInt(4) == 0 ? DType.I32 : pick(reals).compute();
      Combiner c = type == DType.I32
          ? pick(Combiner.SUM, Combiner.MAX)
          : pick(Combiner.SUM, Combiner.MAX, Combiner.MIN);
      Expr e = expr(seen, counted(space.rank()), List.of(type));
      if (random.nextInt(5) == 0) {
        int raw = random.nextInt(in.size());
        c = pick(Combiner.ARGMAX, Combiner.ARGMIN);
        e = new Expr(List.of(new Expr.Input(raw, in.get(raw).dtype())), List.of(0));
      }
      RowProgram.Stage stage = new RowProgram.Stage(c, e);
      stages.add(stage);
      seen.add(stage.type());
    }
    List<View> out = new ArrayList<>(outputs(space));
    Expr result = expr(seen, counted(space.rank()), types(out));
    if (!stages.isEmpty() && random.nextInt(3) == 0) {
      // Once a row: the last stage's value.
      DType type = stages.getLast().type();
      View each = output(type, rows);
      out.add(new View(type, each.offset(), each.strides().append(Dims.of(0)), null));
      Expr.Builder b = Expr.builder();
      List<Integer> results = new ArrayList<>();
      int[] at = new int[result.nodes().size()];
      for (int i = 0; i < at.length; i++) {
        at[i] = switch (result.nodes().get(i)) {
          case Expr.Unary u -> b.unary(u.op(), at[u.a()]);
          case Expr.Binary x -> b.binary(x.op(), at[x.a()], at[x.b()]);
          case Expr.Select s -> b.select(at[s.condition()], at[s.a()], at[s.b()]);
          case Expr.Cast c -> b.cast(at[c.a()], c.type());
          case Expr.Node n -> b.add(n);
        };
      }
      result.results().forEach(r -> results.add(at[r]));
      results.add(b.input(seen.size() - 1, type));
      result = b.build(results);
    }
    return new RowProgram(rows, columns, in, stages, result, out);
  }

  private Gather gather() {
    return new Gather(pick(DType.values()), pick(DType.I32, DType.I64), 1 + size(), size(), size());
  }

  private Scatter scatter() {
    boolean base = random.nextBoolean();
    DType type = pick(DType.F32, DType.F64, DType.F16, DType.BF16, DType.I32, DType.I64, DType.U8);
    return new Scatter(base ? pick(Combiner.SUM, Combiner.MAX, Combiner.MIN) : Combiner.SUM, base, type,
        pick(DType.I32, DType.I64), 1 + size(), size(), size());
  }

  private Scan scan() {
    DType type = pick(DType.F32, DType.F64, DType.F16, DType.BF16, DType.I32, DType.I64, DType.U8);
    Combiner c = pick(Combiner.SUM, Combiner.MAX, Combiner.MIN, Combiner.PRODUCT);
    long length = random.nextInt(4) == 0 ? 1000 + size() : size();
    Dims s = space(2, most / Math.max(1, length));
    return new Scan(type.isFloating() && c == Combiner.PRODUCT ? Combiner.SUM : c, type, s.get(0), length, s.get(1),
        random.nextBoolean(), random.nextBoolean());
  }

  private Sort sort() {
    long columns = random.nextInt(3) == 0 ? 1000 + random.nextInt(5000) : size();
    return new Sort(pick(DType.values()), Math.min(size(), Math.max(1, 3 * most / Math.max(1, columns))), columns,
        random.nextBoolean());
  }

  private TopK topK() {
    long columns = random.nextInt(3) == 0 ? 1000 + random.nextInt(5000) : size();
    long k = random.nextInt(3) == 0 ? random.nextLong(columns + 1) : Math.min(columns, random.nextInt(12));
    return new TopK(pick(DType.values()), Math.min(size(), Math.max(1, 3 * most / Math.max(1, columns))), columns, k);
  }

  private Pooling pooling() {
    Pooling.Kind kind = pick(Pooling.Kind.values());
    Pooling.Form form = kind == Pooling.Kind.MAX
        ? pick(Pooling.Form.values())
        : pick(Pooling.Form.FORWARD, Pooling.Form.GRADIENT);
    long window = 1 + random.nextInt(3);
    boolean common = random.nextBoolean();
    long stride = common ? window : 1 + random.nextInt(4);
    long[] out = new long[2];
    long[] data = new long[2];
    long pad = common ? 0 : random.nextInt(3);
    for (int d = 0; d < 2; d++) {
      out[d] = pick(0L, 1L, 2L, 5L, 8L, 16L, 17L, 24L);
      data[d] = common && random.nextInt(3) > 0 ? out[d] * stride : out[d] * stride + random.nextInt(5);
    }
    Pooling p = Pooling.storing(kind, form, pick(reals), 1 + random.nextInt(2), pick(1L, 2L, 3L), data[0], data[1],
        out[0], out[1], window, random.nextInt(3) == 0 ? 1 + random.nextInt(3) : window, stride, stride, pad, pad,
        random.nextBoolean());
    return random.nextBoolean() ? p : withEpilogue(p);
  }

  /** Twice the result plus a number of each channel, stored with the channels last. */
  private static Pooling withEpilogue(Pooling p) {
    DType compute = p.dtype().compute();
    Expr.Builder b = Expr.builder();
    int doubled = b.binary(BinaryOp.MUL, b.input(0, compute), b.constant(compute, 2));
    int sum = b.binary(BinaryOp.ADD, doubled, b.cast(b.input(1, p.dtype()), compute));
    long channels = p.channels();
    long width = p.space().get(3);
    View out = View.of(p.dtype(), p.space().get(2) * width * channels, 1, width * channels, channels);
    Epilogue epilogue = new Epilogue(
        b.build(List.of(b.cast(sum, p.dtype()))), List.of(View.of(p.dtype(), 0, 1, 0, 0)), List.of(out));
    return new Pooling(p.kind(), p.form(), p.dtype(), p.batch(), channels, p.height(), p.width(), p.outHeight(),
        p.outWidth(), p.windowHeight(), p.windowWidth(), p.strideY(), p.strideX(), p.padY(), p.padX(), p.countPadding(),
        epilogue);
  }

  @Override
  public String toString() {
    return "random kernels over " + Arrays.toString(SIZES);
  }
}
