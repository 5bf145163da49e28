package org.lathe.hal;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.lathe.hal.expr.BinaryOp;
import org.lathe.hal.expr.Combiner;
import org.lathe.hal.expr.Expr;
import org.lathe.hal.expr.UnaryOp;
import org.lathe.hal.program.BufferDecl;
import org.lathe.hal.program.Bytes;
import org.lathe.hal.program.Program;
import org.lathe.hal.program.Role;
import org.lathe.hal.program.Slice;
import org.lathe.hal.program.Step;
import org.lathe.hal.spec.Attention;
import org.lathe.hal.spec.Contraction;
import org.lathe.hal.spec.Convolution;
import org.lathe.hal.spec.Copy;
import org.lathe.hal.spec.Epilogue;
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
import org.lathe.hal.spec.View;

/** Random legal kernels of every kind, and programs of them whose slices are arbitrary. */
public final class RandomSpecs {
  private static final double[] VALUES = {0.0, -0.0, 1, -1.5, 0.1, Math.PI, Double.MIN_VALUE, Double.MAX_VALUE, 1e-300,
      Double.NaN, Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY, Float.MIN_VALUE};
  private static final long[] SIZES = {0, 1, 1, 2, 3, 5, 7, 13};
  private final Random random;

  public RandomSpecs(long seed) {
    random = new Random(seed);
  }

  @SafeVarargs
  private <T> T pick(T... items) {
    return items[random.nextInt(items.length)];
  }

  private long size() {
    return SIZES[random.nextInt(SIZES.length)];
  }

  private Dims space(int rank) {
    return Dims.filled(rank, 0).map(_ -> size());
  }

  private DType dtype() {
    return pick(DType.values());
  }

  private DType real() {
    return pick(DType.F32, DType.F64, DType.F16, DType.BF16);
  }

  private double value() {
    return random.nextBoolean()
        ? VALUES[random.nextInt(VALUES.length)]
        : random.nextGaussian() * Math.pow(10, random.nextInt(40) - 20);
  }

  /** A permuted dense view with an offset: legal as an output. */
  private View output(DType type, Dims space) {
    long[] strides = new long[space.rank()];
    List<Integer> order = new ArrayList<>();
    for (int d = 0; d < space.rank(); d++) {
      order.add(random.nextInt(order.size() + 1), d);
    }
    long step = 1 + random.nextInt(2);
    long offset = random.nextInt(3);
    for (int d : order) {
      boolean reversed = random.nextInt(4) == 0 && space.get(d) > 0;
      strides[d] = reversed ? -step : step;
      offset += reversed ? step * (space.get(d) - 1) : 0;
      step *= Math.max(1, space.get(d));
    }
    return new View(type, offset, Dims.of(strides), null);
  }

  private View input(DType type, Dims space) {
    View v = output(type, space);
    for (int d = 0; d < space.rank(); d++) {
      if (random.nextInt(4) == 0 && v.strides().get(d) >= 0) {
        v = new View(type, v.offset(), v.strides().with(d, 0), null);
      }
    }
    if (random.nextInt(4) > 0) {
      return v;
    }
    Dims low = space.map(_ -> random.nextInt(2));
    Dims high = space.map(n -> n - random.nextInt(2));
    return new View(type, v.offset(), v.strides(), new View.Guard(low, high, value()));
  }

  /** An expression that reads inputs of these types and gives one result of each type asked for. */
  public Expr expr(List<DType> inputs, int rank, List<DType> results) {
    Expr.Builder b = Expr.builder();
    List<Integer> nodes = new ArrayList<>();
    for (int i = 0; i < inputs.size(); i++) {
      if (random.nextInt(5) > 0) {
        nodes.add(b.input(i, inputs.get(i)));
      }
    }
    if (rank > 0 && random.nextInt(3) == 0) {
      nodes.add(b.add(new Expr.Index(random.nextInt(rank))));
    }
    nodes.add(b.constant(real(), value()));
    nodes.add(b.add(new Expr.Constant(DType.I64, random.nextLong())));
    nodes.add(b.add(new Expr.Constant(DType.BOOL, random.nextInt(2))));
    for (int n = random.nextInt(12); n > 0; n--) {
      int a = nodes.get(random.nextInt(nodes.size()));
      int c = nodes.get(random.nextInt(nodes.size()));
      DType ta = b.type(a);
      nodes.add(switch (random.nextInt(4)) {
        case 0 -> b.unary(ta == DType.BOOL
            ? UnaryOp.NOT
            : ta.isFloating()
                ? pick(java.util.Arrays.stream(UnaryOp.values()).filter(u -> u != UnaryOp.NOT).toArray(UnaryOp[]::new))
                : UnaryOp.NEG,
            a);
        case 1 -> b.binary(ta == DType.BOOL
            ? pick(BinaryOp.AND, BinaryOp.XOR, BinaryOp.EQ)
            : pick(BinaryOp.ADD, BinaryOp.DIV, BinaryOp.MAX, BinaryOp.LT, BinaryOp.NE), a, b.cast(c, ta));
        case 2 -> b.select(b.cast(c, DType.BOOL), a, b.cast(c, ta));
        default -> b.cast(a, dtype());
      });
    }
    return b.build(results.stream().map(t -> b.cast(nodes.get(random.nextInt(nodes.size())), t)).toList());
  }

  private List<View> inputs(Dims space) {
    List<View> views = new ArrayList<>();
    for (int n = random.nextInt(4); n > 0; n--) {
      views.add(input(dtype(), space));
    }
    return views;
  }

  private List<View> outputs(Dims space) {
    List<View> views = new ArrayList<>();
    for (int n = 1 + random.nextInt(3); n > 0; n--) {
      views.add(output(dtype(), space));
    }
    return views;
  }

  private static List<DType> types(List<View> views) {
    return views.stream().map(View::dtype).toList();
  }

  private Epilogue epilogue(DType accumulator, Dims space) {
    if (random.nextBoolean()) {
      return Epilogue.store(accumulator, output(dtype(), space));
    }
    List<View> in = inputs(space);
    List<View> out = outputs(space);
    List<DType> types = new ArrayList<>(List.of(accumulator));
    types.addAll(types(in));
    return new Epilogue(expr(types, space.rank(), types(out)), in, out);
  }

  private Map map() {
    Dims space = space(random.nextInt(5));
    List<View> in = inputs(space);
    List<View> out = outputs(space);
    return new Map(space, in, expr(types(in), space.rank(), types(out)), out);
  }

  private Combiner combiner(DType type) {
    return type == DType.BOOL ? pick(Combiner.MAX, Combiner.MIN) : pick(Combiner.values());
  }

  private Reduce reduce() {
    Dims kept = space(random.nextInt(3));
    Dims reduced = space(1 + random.nextInt(2));
    List<View> in = inputs(kept.append(reduced));
    List<DType> produced = new ArrayList<>();
    List<Combiner> combiners = new ArrayList<>();
    List<DType> seen = new ArrayList<>();
    for (int n = 1 + random.nextInt(2); n > 0; n--) {
      DType type = dtype();
      Combiner c = combiner(type);
      produced.add(type);
      combiners.add(c);
      seen.add(c.resultType(type.compute()));
    }
    List<View> more = inputs(kept);
    seen.addAll(types(more));
    List<View> out = outputs(kept);
    return new Reduce(kept, reduced, in, expr(types(in), kept.rank() + reduced.rank(), produced), combiners, more,
        expr(seen, kept.rank(), types(out)), out);
  }

  private RowProgram rowProgram() {
    Dims rows = space(random.nextInt(3));
    long columns = size();
    Dims space = rows.append(Dims.of(columns));
    List<View> in = inputs(space);
    List<DType> seen = new ArrayList<>(types(in));
    List<RowProgram.Stage> stages = new ArrayList<>();
    for (int n = random.nextInt(3); n > 0; n--) {
      DType type = dtype();
      RowProgram.Stage stage = new RowProgram.Stage(combiner(type), expr(seen, space.rank(), List.of(type)));
      stages.add(stage);
      seen.add(stage.type());
    }
    List<View> out = outputs(space);
    return new RowProgram(rows, columns, in, stages, expr(seen, space.rank(), types(out)), out);
  }

  private Contraction contraction() {
    Dims batch = space(random.nextInt(3));
    long m = size();
    long n = size();
    long k = size();
    DType type = pick(DType.F32, DType.F64, DType.F16, DType.I32);
    return new Contraction(batch, m, n, k, unguarded(type, batch.append(Dims.of(m, k))),
        unguarded(type, batch.append(Dims.of(k, n))), epilogue(type.compute(), batch.append(Dims.of(m, n))));
  }

  private View unguarded(DType type, Dims space) {
    View v = input(type, space);
    return new View(type, v.offset(), v.strides(), null);
  }

  private Convolution convolution() {
    long groups = 1 + random.nextInt(3);
    Convolution.Geometry g = new Convolution.Geometry(size(), groups * size(), size(), size(), groups * size(), size(),
        size(), size(),
        size(), 1 + size(), 1 + size(), size(), size(), 1 + size(), 1 + size(), groups);
    Convolution.Form form = pick(Convolution.Form.values());
    DType type = real();
    Dims first = form == Convolution.Form.DATA_GRADIENT ? g.resultShape() : g.dataShape();
    Dims second = form == Convolution.Form.FILTER_GRADIENT ? g.resultShape() : g.filterShape();
    Dims out = switch (form) {
      case FORWARD -> g.resultShape();
      case DATA_GRADIENT -> g.dataShape();
      case FILTER_GRADIENT -> g.filterShape();
    };
    return new Convolution(form, g, unguarded(type, first), unguarded(type, second), epilogue(type.compute(), out));
  }

  private Pooling pooling() {
    Pooling.Kind kind = pick(Pooling.Kind.values());
    Pooling.Form form = kind == Pooling.Kind.MAX
        ? pick(Pooling.Form.values())
        : pick(Pooling.Form.FORWARD, Pooling.Form.GRADIENT);
    return Pooling.storing(kind, form, real(), size(), size(), size(), size(), size(), size(), size(), size(),
        1 + size(),
        1 + size(), size(), size(), random.nextBoolean());
  }

  private Attention attention() {
    long b = size();
    long h = size();
    long q = size();
    long k = size();
    long w = size();
    long v = size();
    DType type = pick(DType.F32, DType.F64);
    @Nullable
    View bias = random.nextBoolean() ? null : unguarded(type, Dims.of(b, h, q, k));
    return new Attention(pick(Attention.Form.values()), b, h, q, k, w, v, random.nextBoolean(), value(),
        output(type, Dims.of(b, h, q, w)), output(type, Dims.of(b, h, k, w)), output(type, Dims.of(b, h, k, v)), bias,
        output(type, Dims.of(b, h, q, v)));
  }

  private Scatter scatter() {
    boolean hasBase = random.nextBoolean();
    return new Scatter(hasBase ? pick(Combiner.SUM, Combiner.MAX, Combiner.MIN) : Combiner.SUM, hasBase, real(),
        pick(DType.I32, DType.I64), 1 + size(), size(), size());
  }

  /** One generator for each kind of kernel. */
  public List<Supplier<KernelSpec>> kinds() {
    return List.of(
        this::map,
        this::reduce,
        this::rowProgram,
        this::contraction,
        this::convolution,
        this::pooling,
        () -> new Recurrence(pick(Recurrence.Cell.values()), pick(Recurrence.Form.values()), pick(DType.F32, DType.F64),
            size(),
            size(), size(), random.nextBoolean()),
        this::attention,
        () -> new Gather(dtype(), pick(DType.I32, DType.I64), 1 + size(), size(), size()),
        this::scatter,
        () -> new RandomBits(size()),
        () -> new Sort(dtype(), size(), size(), random.nextBoolean()),
        () -> new TopK(dtype(), size(), 13, size()),
        () -> new Scan(pick(Combiner.SUM, Combiner.MAX), real(), size(), size(), size(), random.nextBoolean(),
            random.nextBoolean()),
        () -> new Copy(size()));
  }

  public KernelSpec spec() {
    return kinds().get(random.nextInt(kinds().size())).get();
  }

  private String text() {
    return pick("", "relu", "a \"quoted\" \\ label", "two\nlines\ttab\r", "größer 模型 😀", "lone \ud800 surrogate",
        "end", "}");
  }

  private Slice slice(int buffers) {
    return new Slice(random.nextInt(buffers), random.nextLong(), random.nextInt(1000),
        Dims.filled(random.nextInt(3), 0).map(_ -> random.nextLong()));
  }

  private List<Slice> slices(int n, int buffers) {
    List<Slice> slices = new ArrayList<>();
    for (int i = 0; i < n; i++) {
      slices.add(slice(buffers));
    }
    return slices;
  }

  private List<Step> steps(int depth, int buffers) {
    List<Step> steps = new ArrayList<>();
    for (int n = random.nextInt(4); n > 0; n--) {
      int kind = depth > 2 ? 5 : random.nextInt(6);
      steps.add(switch (kind) {
        case 0 -> new Step.Loop(random.nextInt(100), steps(depth + 1, buffers));
        case 1 -> new Step.Branch(slice(buffers), steps(depth + 1, buffers), steps(depth + 1, buffers));
        default -> {
          KernelSpec spec = spec();
          yield new Step.Dispatch(spec, slices(spec.inputs().size(), buffers), slices(spec.outputs().size(), buffers),
              text());
        }
      });
    }
    return steps;
  }

  /** A program that makes no sense as a whole, but has every kind of part. */
  public Program program() {
    List<BufferDecl> buffers = new ArrayList<>();
    for (int n = 1 + random.nextInt(6); n > 0; n--) {
      Role role = pick(Role.values());
      byte[] data = new byte[random.nextInt(20)];
      random.nextBytes(data);
      buffers.add(role == Role.CONSTANT
          ? new BufferDecl(text(), role, data.length, Bytes.of(data))
          : new BufferDecl(text(), role, random.nextInt(10000), null));
    }
    return new Program(text(), buffers, steps(0, buffers.size()));
  }
}
