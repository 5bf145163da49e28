package org.lathe.compiler.op;

import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.lathe.compiler.ir.Attributes;
import org.lathe.compiler.ir.Literal;
import org.lathe.compiler.ir.TensorType;
import org.lathe.compiler.op.OpDef.Domain;
import org.lathe.compiler.op.OpDef.Tolerance;
import org.lathe.compiler.op.Types.Elements;
import org.lathe.hal.DType;
import org.lathe.hal.Dims;
import org.lathe.hal.expr.Combiner;
import org.lathe.hal.spec.Gather;
import org.lathe.hal.spec.Scatter;
import org.lathe.hal.spec.Sort;
import org.lathe.hal.spec.TopK;

/** Ops that choose elements by data: rows by index, and orders. */
public final class Indexing {
  private Indexing() {}

  /** (table [rows, width..], indices i32 or i64 [..]) -> [indices.., width..]. Indices are clamped into the table. */
  public static final OpDef GATHER = OpDef.named("gather")
      .type(
          (in, a) -> {
            Types.count("gather", in, 2);
            TensorType table = in.get(0);
            Types.that(table.rank() > 0, "gather", "table " + table + " must have a rank of at least 1");
            TensorType indices = Types.elements("gather", in.get(1), Elements.WIDE_INTEGER);
            Types.that(table.dim(0) > 0 || indices.size() == 0, "gather", "table " + table + " has no rows");
            return table.withShape(indices.shape().append(rowShape(table)));
          })
      .reference(
          (in, a, out) -> {
            Literal table = in.get(0);
            long width = rowShape(table.type()).product();
            return Loops.fill(
                out,
                (i, at) -> table.get(row(in.get(1), at / width, table.type().dim(0)) * width + at % width));
          })
      .vjp((c, g) -> Arrays.asList(scatterSum(c.input(1), g, c.input(0).dim(0)), null))
      .lowering(
          new Lowering.Whole(
              (types, views, a, outputs) -> new Gather(
                  types.getFirst().dtype(),
                  types.get(1).dtype(),
                  types.getFirst().dim(0),
                  rowShape(types.getFirst()).product(),
                  types.get(1).size()),
              List.of()))
      .tolerance(Tolerance.EXACT)
      .sample("f32[7,3] i32[13]", Attributes.NONE, Domain.REAL, new Domain(0, 6))
      .sample("f32[7,3] i32[5]", Attributes.NONE, Domain.REAL, new Domain(-3, 9))
      .sample("f32[13] i64[2,3]", Attributes.NONE, Domain.REAL, new Domain(0, 12))
      .sample("f64[5,2,3] i64[4]", Attributes.NONE, Domain.REAL, new Domain(0, 4))
      .sample("f16[3,17] i32[0]", Attributes.NONE)
      .sample("i32[1,2] i32[3]", Attributes.NONE, Domain.INTEGERS, new Domain(0, 0))
      .sample("bool[3] i32[]", Attributes.NONE, Domain.UNIT, new Domain(0, 2))
      .build();

  /**
   * (indices, updates [indices.., width..]) -> [attribute {@code rows}, width..]: zeros, with each update added to its
   * row.
   */
  public static final OpDef SCATTER_SUM = OpDef.named("scatterSum")
      .type(
          (in, a) -> {
            Types.count("scatterSum", in, 2);
            Dims width = updateRow("scatterSum", in.get(0), in.get(1));
            long rows = a.integer("rows");
            Types.that(rows > 0 || in.get(0).size() == 0, "scatterSum", "a table of " + rows + " rows");
            return in.get(1).withShape(Dims.of(rows).append(width));
          })
      .reference(
          (in, a, out) -> scatter(new double[Math.toIntExact(out.size())], in.get(0), in.get(1), out))
      .vjp((c, g) -> Arrays.asList(null, g.gather(c.input(0))))
      .lowering(scatterLowering(false))
      .tolerance(Tolerance.ACCUMULATION)
      .sample("i32[13] f32[13,3]", Attributes.of("rows", 7), new Domain(0, 6), Domain.REAL)
      .sample("i32[5] f32[5]", Attributes.of("rows", 3), new Domain(-2, 5), Domain.REAL)
      .sample("i64[2,3] f64[2,3,5]", Attributes.of("rows", 4), new Domain(0, 3), Domain.REAL)
      .sample("i32[0] f32[0,3]", Attributes.of("rows", 2))
      .sample("i32[7] i32[7,2]", Attributes.of("rows", 1), new Domain(0, 0), Domain.INTEGERS)
      .build();

  /** (base [rows, width..], indices, updates [indices.., width..]) -> base with each update added to its row. */
  public static final OpDef SCATTER_ADD = OpDef.named("scatterAdd")
      .type(
          (in, a) -> {
            Types.count("scatterAdd", in, 3);
            TensorType base = in.get(0);
            Types.that(base.rank() > 0, "scatterAdd", "base " + base + " must have a rank of at least 1");
            Types.sameDtype("scatterAdd", base, in.get(2));
            Types.that(
                updateRow("scatterAdd", in.get(1), in.get(2)).equals(rowShape(base)),
                "scatterAdd",
                "rows of updates " + in.get(2) + " do not fit base " + base);
            Types.that(base.dim(0) > 0 || in.get(1).size() == 0, "scatterAdd", "base " + base + " has no rows");
            return base;
          })
      .reference((in, a, out) -> scatter(in.get(0).toArray(), in.get(1), in.get(2), out))
      .vjp((c, g) -> Arrays.asList(g, null, c.wants(2) ? g.gather(c.input(1)) : null))
      .lowering(scatterLowering(true))
      .tolerance(Tolerance.ACCUMULATION)
      .sample("f32[7,3] i32[13] f32[13,3]", Attributes.NONE, Domain.REAL, new Domain(-1, 8), Domain.REAL)
      .sample("f64[5] i64[3] f64[3]", Attributes.NONE, Domain.REAL, new Domain(0, 4), Domain.REAL)
      .sample("i32[3,2] i32[4] i32[4,2]", Attributes.NONE, Domain.INTEGERS, new Domain(0, 2), Domain.INTEGERS)
      .build();

  /**
   * Sorts along the last axis, stably; flag {@code descending}. Outputs: the values, and their i32 positions before. NaN
   * comes last.
   */
  public static final OpDef SORT = OpDef.named("sort")
      .types(
          (in, a) -> {
            Types.count("sort", in, 1);
            TensorType t = Types.elements("sort", in.getFirst(), Elements.NUMERIC);
            Types.that(t.rank() > 0, "sort", t + " must have a rank of at least 1");
            return List.of(t, t.withDtype(DType.I32));
          })
      .references((in, a) -> ordered(in.getFirst(), a.flag("descending"), in.getFirst().type().shape().last(0)))
      .gradient((c, g) -> Arrays.asList(putBack(c, g.getFirst())))
      .lowering(
          new Lowering.Whole(
              (types, views, a, outputs) -> {
                TensorType t = types.getFirst();
                long columns = t.shape().last(0);
                return new Sort(t.dtype(), rows(t), columns, a.flag("descending"));
              },
              List.of()))
      .tolerance(Tolerance.EXACT)
      .sample("f32[13]", Attributes.of("descending", false))
      .sample("f32[3,17]", Attributes.of("descending", true))
      .sample("f32[3,0]", Attributes.of("descending", true))
      .sample("f64[2,3,5]", Attributes.of("descending", false))
      .sample("i32[3,31]", Attributes.of("descending", false), new Domain(0, 5))
      .sample("i32[3,31]", Attributes.of("descending", true), new Domain(0, 5))
      .sample("u8[1]", Attributes.of("descending", false))
      .build();

  /**
   * The attribute {@code k} largest along the last axis, largest first, of equal ones the first first. Outputs: values,
   * i32 positions. NaN counts as the smallest.
   */
  public static final OpDef TOP_K = OpDef.named("topK")
      .types(
          (in, a) -> {
            Types.count("topK", in, 1);
            TensorType t = Types.elements("topK", in.getFirst(), Elements.NUMERIC);
            long k = a.integer("k");
            Types.that(t.rank() > 0, "topK", t + " must have a rank of at least 1");
            Types.that(k >= 0 && k <= t.shape().last(0), "topK", k + " of the last dimension of " + t);
            TensorType out = t.withShape(t.shape().with(t.rank() - 1, k));
            return List.of(out, out.withDtype(DType.I32));
          })
      .references((in, a) -> ordered(in.getFirst(), true, a.integer("k")))
      .gradient((c, g) -> Arrays.asList(putBack(c, g.getFirst())))
      .lowering(
          new Lowering.Whole(
              (types, views, a, outputs) -> {
                TensorType t = types.getFirst();
                return new TopK(t.dtype(), rows(t), t.shape().last(0), a.integer("k"));
              },
              List.of()))
      .tolerance(Tolerance.EXACT)
      .sample("f32[13]", Attributes.of("k", 3))
      .sample("f32[3,17]", Attributes.of("k", 17))
      .sample("f64[2,3,5]", Attributes.of("k", 1))
      .sample("i32[3,31]", Attributes.of("k", 7), new Domain(0, 5))
      .sample("f32[3,5]", Attributes.of("k", 0))
      .build();

  static final List<OpDef> ALL = List.of(
      GATHER,
      SCATTER_SUM,
      SCATTER_ADD,
      SORT,
      TOP_K);

  static Tensor scatterSum(Tensor indices, Tensor updates, long rows) {
    return Tensor.apply(SCATTER_SUM, List.of(indices, updates), Attributes.of("rows", rows));
  }

  /**
   * x [.., n], indices i32 or i64 [.., m] with the same leading dimensions -> [.., m], the elements of each row at the
   * row's indices, clamped.
   */
  static Tensor takeAlongLast(Tensor x, Tensor indices) {
    checkAlong("takeAlong", x.type(), indices.type());
    return x.flatten().gather(flatPositions(indices, x.shape().last(0)));
  }

  /** The transpose of {@link #takeAlongLast}: adds each update to its place in rows of {@code columns} zeros. */
  private static Tensor putAlongLast(Tensor updates, Tensor indices, long columns) {
    Dims out = updates.shape().with(updates.rank() - 1, columns);
    Tensor flat = scatterSum(flatPositions(indices, columns).flatten(), updates.flatten(), out.product());
    return flat.reshape(out);
  }

  private static Tensor flatPositions(Tensor indices, long columns) {
    int r = indices.rank();
    Tensor clamped = indices.maximum(0).minimum(columns - 1);
    if (r == 1) {
      return clamped;
    }
    Dims rows = indices.shape().with(r - 1, 1);
    Tensor row = Tensor.iota(indices.builder(), indices.dtype(), Dims.of(rows.product()), 0).mul(columns);
    return clamped.add(row.reshape(rows));
  }

  private static void checkAlong(String op, TensorType x, TensorType indices) {
    Types.elements(op, indices, Elements.WIDE_INTEGER);
    int r = x.rank();
    Types.that(
        r > 0 && indices.rank() == r && indices.shape().slice(0, r - 1).equals(x.shape().slice(0, r - 1)),
        op,
        x.shape() + " at " + indices.shape() + ": all but the last dimension must be equal");
  }

  private static @Nullable Tensor putBack(OpDef.Call c, @Nullable Tensor g) {
    return g == null ? null : putAlongLast(g, c.output(1), c.input(0).shape().last(0));
  }

  private static Dims rowShape(TensorType table) {
    return table.shape().slice(1, table.rank());
  }

  private static Dims updateRow(String op, TensorType indices, TensorType updates) {
    Types.elements(op, indices, Elements.WIDE_INTEGER);
    Types.elements(op, updates, Elements.NUMERIC);
    int r = indices.rank();
    Types.that(
        updates.rank() >= r && updates.shape().slice(0, r).equals(indices.shape()),
        op,
        "updates " + updates + " must begin with the indices' dimensions " + indices.shape());
    return updates.shape().slice(r, updates.rank());
  }

  private static Lowering scatterLowering(boolean hasBase) {
    return new Lowering.Whole(
        (types, views, a, outputs) -> {
          TensorType out = outputs.getFirst();
          TensorType indices = types.get(hasBase ? 1 : 0);
          return new Scatter(
              Combiner.SUM,
              hasBase,
              out.dtype(),
              indices.dtype(),
              out.dim(0),
              rowShape(out).product(),
              indices.size());
        },
        List.of());
  }

  private static long row(Literal indices, long at, long rows) {
    return Math.clamp((long) indices.get(at), 0, rows - 1);
  }

  private static Literal scatter(double[] table, Literal indices, Literal updates, TensorType out) {
    long width = rowShape(out).product();
    for (long n = 0; n < indices.type().size(); n++) {
      for (long w = 0; w < width; w++) {
        int to = Math.toIntExact(row(indices, n, out.dim(0)) * width + w);
        table[to] = Reductions.combine(Combiner.SUM, out.dtype(), table[to], updates.get(n * width + w));
      }
    }
    return Literal.adopt(out, table);
  }

  private static long rows(TensorType t) {
    return t.shape().slice(0, t.rank() - 1).product();
  }

  private static List<Literal> ordered(Literal x, boolean descending, long k) {
    TensorType type = x.type();
    int columns = Math.toIntExact(type.shape().last(0));
    int kept = Math.toIntExact(k);
    TensorType out = type.withShape(type.shape().with(type.rank() - 1, k));
    double[] values = new double[Math.toIntExact(out.size())];
    double[] positions = new double[values.length];
    for (int r = 0; r < rows(type); r++) {
      long start = (long) r * columns;
      Comparator<Integer> byNumber = (i, j) -> {
        double a = x.get(start + i) + 0.0;
        double b = x.get(start + j) + 0.0;
        boolean swap = descending && !Double.isNaN(a) && !Double.isNaN(b);
        return swap ? Double.compare(b, a) : Double.compare(a, b);
      };
      List<Integer> order = IntStream.range(0, columns).boxed().sorted(byNumber).toList();
      for (int i = 0; i < kept; i++) {
        values[r * kept + i] = x.get(start + order.get(i));
        positions[r * kept + i] = order.get(i);
      }
    }
    return List.of(Literal.adopt(out, values), Literal.adopt(out.withDtype(DType.I32), positions));
  }
}
