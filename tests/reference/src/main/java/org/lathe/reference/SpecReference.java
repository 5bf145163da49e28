package org.lathe.reference;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.lathe.hal.DType;
import org.lathe.hal.expr.BinaryOp;
import org.lathe.hal.expr.Combiner;
import org.lathe.hal.expr.Expr;
import org.lathe.hal.spec.Attention;
import org.lathe.hal.spec.Contraction;
import org.lathe.hal.spec.Convolution;
import org.lathe.hal.spec.Copy;
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

/**
 * Every kernel of the family as the loops of its definition, with sums in float64. Slow, and it shares nothing with any
 * backend.
 */
public final class SpecReference {
  private SpecReference() {}

  /** Runs one kernel. The outputs may share memory with inputs where the spec allows it. */
  public static void run(KernelSpec spec, List<Elements> in, List<Elements> out) {
    switch (spec) {
      case Map m -> map(m, in, out);
      case Reduce r -> reduce(r, in, out);
      case RowProgram r -> row(r, in, out);
      case Contraction c -> ProductReference.contraction(c, in, out);
      case Convolution c -> ProductReference.convolution(c, in, out);
      case Pooling p -> PoolingReference.run(p, in, out);
      case Recurrence r -> RecurrenceReference.run(r, in, out);
      case Attention a -> AttentionReference.run(a, in, out);
      case Gather g -> gather(g, in, out.getFirst());
      case Scatter s -> scatter(s, in, out.getFirst());
      case RandomBits r -> PhiloxReference.run(r, in.getFirst(), out.getFirst());
      case Sort s -> sort(s.rows(), s.columns(), s.columns(), s.descending(), in.getFirst(), out);
      case TopK t -> sort(t.rows(), t.columns(), t.k(), true, in.getFirst(), out);
      case Scan s -> scan(s, in.getFirst(), out.getFirst());
      case Copy c -> MemorySegment.copy(in.getFirst().segment(), 0, out.getFirst().segment(), 0, c.bytes());
    }
  }

  /** Runs one kernel into new memory, poisoned before. */
  public static List<Elements> run(KernelSpec spec, List<Elements> in) {
    List<Elements> out = Elements.poisoned(spec.outputs());
    run(spec, in, out);
    return out;
  }

  private static void map(Map m, List<Elements> in, List<Elements> out) {
    Scalar[] inputs = new Scalar[m.inputViews().size()];
    Views.points(m.space(), p -> {
      Views.read(m.inputViews(), in, p, inputs, 0);
      Views.store(m.outputViews(), out, p, ExprReference.evaluate(m.expr(), inputs, p));
    });
  }

  private static void reduce(Reduce r, List<Elements> in, List<Elements> out) {
    int producers = r.inputViews().size();
    int combined = r.combiners().size();
    Scalar[] inputs = new Scalar[producers];
    Scalar[] last = new Scalar[combined + r.epilogueInputs().size()];
    long[] point = new long[r.kept().rank() + r.reduced().rank()];
    Views.points(r.kept(), kept -> {
      Combination[] sums = new Combination[combined];
      for (int j = 0; j < combined; j++) {
        sums[j] = new Combination(r.combiners().get(j), r.producer().resultType(j));
      }
      System.arraycopy(kept, 0, point, 0, kept.length);
      Views.points(r.reduced(), reduced -> {
        System.arraycopy(reduced, 0, point, kept.length, reduced.length);
        Views.read(r.inputViews(), in, point, inputs, 0);
        Scalar[] produced = ExprReference.evaluate(r.producer(), inputs, point);
        for (int j = 0; j < combined; j++) {
          sums[j].add(produced[j]);
        }
      });
      for (int j = 0; j < combined; j++) {
        last[j] = sums[j].value();
      }
      Views.read(r.epilogueInputs(), in.subList(producers, in.size()), kept, last, combined);
      Views.store(r.outputViews(), out, kept, ExprReference.evaluate(r.epilogue(), last, kept));
    });
  }

  private static void row(RowProgram r, List<Elements> in, List<Elements> out) {
    int views = r.inputViews().size();
    int rank = r.rows().rank();
    Scalar[] inputs = new Scalar[views + r.stages().size()];
    long[] point = new long[rank + 1];
    Views.points(r.rows(), row -> {
      System.arraycopy(row, 0, point, 0, rank);
      for (int s = 0; s < r.stages().size(); s++) {
        RowProgram.Stage stage = r.stages().get(s);
        Combination sum = new Combination(stage.combiner(), stage.expr().resultType(0));
        for (point[rank] = 0; point[rank] < r.columns(); point[rank]++) {
          Views.read(r.inputViews(), in, point, inputs, 0);
          sum.add(ExprReference.evaluate(stage.expr(), inputs, point)[0]);
        }
        inputs[views + s] = sum.value();
      }
      for (point[rank] = 0; point[rank] < r.columns(); point[rank]++) {
        Views.read(r.inputViews(), in, point, inputs, 0);
        Views.store(r.outputViews(), out, point, ExprReference.evaluate(r.result(), inputs, point));
      }
    });
  }

  private static long clamp(long index, long rows) {
    return Math.max(0, Math.min(rows - 1, index));
  }

  private static void gather(Gather g, List<Elements> in, Elements out) {
    for (long i = 0; i < g.count(); i++) {
      long row = clamp(in.get(1).get(i).whole(), g.rows());
      for (long w = 0; w < g.width(); w++) {
        out.set(i * g.width() + w, in.get(0).get(row * g.width() + w));
      }
    }
  }

  private static void scatter(Scatter s, List<Elements> in, Elements out) {
    int next = s.hasBase() ? 1 : 0;
    Elements indices = in.get(next);
    Elements updates = in.get(next + 1);
    for (long i = 0; i < s.rows() * s.width(); i++) {
      out.set(i, s.hasBase() ? in.get(0).get(i) : Scalar.number(s.dtype(), 0));
    }
    BinaryOp op = switch (s.combiner()) {
      case SUM -> BinaryOp.ADD;
      case MAX -> BinaryOp.MAX;
      default -> BinaryOp.MIN;
    };
    for (long i = 0; i < s.count(); i++) {
      long row = clamp(indices.get(i).whole(), s.rows());
      for (long w = 0; w < s.width(); w++) {
        long at = row * s.width() + w;
        out.set(at, ExprReference.binary(op, s.dtype(), out.get(at), updates.get(i * s.width() + w)));
      }
    }
  }

  private static void scan(Scan s, Elements in, Elements out) {
    for (long o = 0; o < s.outer(); o++) {
      for (long i = 0; i < s.inner(); i++) {
        Combination sum = new Combination(s.combiner(), s.dtype());
        for (long t = 0; t < s.length(); t++) {
          long at = (o * s.length() + (s.reverse() ? s.length() - 1 - t : t)) * s.inner() + i;
          Scalar x = in.get(at);
          Scalar before = sum.value();
          sum.add(x);
          out.set(at, s.exclusive() ? before : sum.value());
        }
      }
    }
  }

  /** The first {@code k} of each row in a stable order; NaN is last in both directions. */
  private static void sort(long rows, long columns, long k, boolean descending, Elements in, List<Elements> out) {
    for (long r = 0; r < rows; r++) {
      List<Long> order = new ArrayList<>();
      for (long c = 0; c < columns; c++) {
        order.add(c);
      }
      long row = r * columns;
      order.sort((a, b) -> compare(in.dtype(), in.get(row + a), in.get(row + b), descending));
      for (int c = 0; c < k; c++) {
        out.get(0).set(r * k + c, in.get(row + order.get(c)));
        out.get(1).set(r * k + c, Scalar.of(DType.I32, order.get(c)));
      }
    }
  }

  private static int compare(DType type, Scalar a, Scalar b, boolean descending) {
    double x = a.real();
    double y = b.real();
    if (Double.isNaN(x) || Double.isNaN(y)) {
      return Boolean.compare(Double.isNaN(x), Double.isNaN(y));
    }
    int order = !type.isFloating() ? Long.compare(a.whole(), b.whole()) : x < y ? -1 : x > y ? 1 : 0;
    return descending ? -order : order;
  }

  /** How many values make up one element of a result, for tolerances: the length of the longest sum. */
  public static long terms(KernelSpec spec) {
    return switch (spec) {
      case Map m -> 1;
      case Reduce r -> r.reduced().product();
      case RowProgram r -> r.columns() * Math.max(1, r.stages().size());
      case Contraction c -> c.k();
      case Convolution c -> 2 * c.geometry().multiplyAdds() / Math.max(1, c.space().product());
      case Pooling p -> p.windowHeight() * p.windowWidth();
      case Recurrence r -> (r.hidden() * r.cell().gates() + r.batch()) * r.steps();
      case Attention a -> a.keys() + a.queries() + a.width() + a.valueWidth();
      case Scatter s -> s.combiner() == Combiner.SUM ? s.count() : 1;
      case Scan s -> s.length();
      case Gather g -> 1;
      case RandomBits r -> 1;
      case Sort s -> 1;
      case TopK t -> 1;
      case Copy c -> 1;
    };
  }

  /** All expressions of a kernel. */
  static List<Expr> expressions(KernelSpec spec) {
    return switch (spec) {
      case Map m -> List.of(m.expr());
      case Reduce r -> List.of(r.producer(), r.epilogue());
      case RowProgram r -> {
        List<Expr> all = new ArrayList<>(List.of(r.result()));
        r.stages().forEach(s -> all.add(s.expr()));
        yield all;
      }
      case Contraction c -> List.of(c.epilogue().expr());
      case Convolution c -> List.of(c.epilogue().expr());
      case Pooling p -> List.of(p.epilogue().expr());
      default -> List.of();
    };
  }
}
