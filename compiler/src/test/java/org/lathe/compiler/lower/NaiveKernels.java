package org.lathe.compiler.lower;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.lathe.compiler.lower.NaiveDevice.Memory;
import org.lathe.hal.DType;
import org.lathe.hal.Dims;
import org.lathe.hal.expr.Combiner;
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

/** Each kernel as the loops of its definition. */
final class NaiveKernels {
  private NaiveKernels() {}

  static void run(KernelSpec spec, List<Memory> in, List<Memory> out) {
    switch (spec) {
      case Map m -> points(m.space(), p -> store(m.outputViews(), out, p,
          NaiveExpr.evaluate(m.expr(), p, read(m.inputViews(), in, p))));
      case Reduce r -> reduce(r, in, out);
      case RowProgram r -> row(r, in, out);
      case Contraction c -> contraction(c, in, out);
      case Convolution c -> convolution(c, in, out);
      case Copy c -> MemorySegment.copy(in.get(0).segment(), 0, out.get(0).segment(), 0, c.bytes());
      case Gather g -> {
        for (long i = 0; i < g.count(); i++) {
          long row = clamp(in.get(1).get(g.indexType(), i), g.rows());
          for (long w = 0; w < g.width(); w++) {
            out.get(0).set(g.dtype(), i * g.width() + w, in.get(0).get(g.dtype(), row * g.width() + w));
          }
        }
      }
      case Scatter s -> scatter(s, in, out);
      case Pooling p -> NaivePooling.run(p, in, out);
      case RandomBits r -> NaiveRandom.run(r, in, out);
      case Scan s -> scan(s, in, out);
      case Sort s -> sort(s.dtype(), s.rows(), s.columns(), s.columns(), s.descending(), false, in, out);
      case TopK t -> sort(t.dtype(), t.rows(), t.columns(), t.k(), true, true, in, out);
      case Recurrence r -> NaiveSequences.recurrence(r, in, out);
      case Attention a -> NaiveSequences.attention(a, in, out);
    }
  }

  interface Point {
    void at(long[] p);
  }

  static void points(Dims space, Point point) {
    long n = space.product();
    long[] p = new long[space.rank()];
    for (long i = 0; i < n; i++) {
      point.at(p);
      for (int d = p.length - 1; d >= 0; d--) {
        if (++p[d] < space.get(d)) {
          break;
        }
        p[d] = 0;
      }
    }
  }

  static long element(View v, long... p) {
    long at = v.offset();
    for (int d = 0; d < v.strides().rank(); d++) {
      at += p[d] * v.strides().get(d);
    }
    return at;
  }

  static double read(View v, Memory m, long... p) {
    if (v.guard() != null) {
      for (int d = 0; d < p.length && d < v.strides().rank(); d++) {
        if (p[d] < v.guard().low().get(d) || p[d] >= v.guard().high().get(d)) {
          return v.guard().outside();
        }
      }
    }
    return m.get(v.dtype(), element(v, p));
  }

  static double[] read(List<View> views, List<Memory> in, long[] p) {
    return IntStream.range(0, views.size()).mapToDouble(i -> read(views.get(i), in.get(i), p)).toArray();
  }

  static void store(List<View> views, List<Memory> out, long[] p, double[] values) {
    for (int j = 0; j < values.length; j++) {
      View v = views.get(j);
      out.get(j).set(v.dtype(), element(v, p), values[j]);
    }
  }

  static double[] concat(double[] a, double... b) {
    double[] all = java.util.Arrays.copyOf(a, a.length + b.length);
    System.arraycopy(b, 0, all, a.length, b.length);
    return all;
  }

  /** What is combined so far: a value, and where an index combiner found it. */
  private static final class Running {
    private final Combiner combiner;
    private final DType type;
    private double value;
    private long index;
    private long count;

    Running(Combiner combiner, DType type) {
      this.combiner = combiner;
      this.type = type;
      this.value = Double.isFinite(combiner.identity()) || type.isFloating() ? combiner.identity() : extreme();
    }

    /** What no integer is beyond. */
    private double extreme() {
      boolean least = combiner == Combiner.MAX;
      return switch (type) {
        case I32 -> least ? Integer.MIN_VALUE : Integer.MAX_VALUE;
        case I64 -> least ? Long.MIN_VALUE : Long.MAX_VALUE;
        case U8 -> least ? 0 : 255;
        default -> least ? 0 : 1;
      };
    }

    void add(double x) {
      value = switch (combiner) {
        case SUM -> NaiveExpr.wrap(type, value + x);
        case PRODUCT -> NaiveExpr.wrap(type, value * x);
        case MAX -> Math.max(value, x);
        case MIN -> Math.min(value, x);
        case ARGMAX, ARGMIN -> {
          boolean better = count == 0
              || (!Double.isNaN(value) && (Double.isNaN(x) || (combiner == Combiner.ARGMAX ? x > value : x < value)));
          if (better) {
            index = count;
          }
          yield better ? x : value;
        }
      };
      count++;
    }

    double result() {
      return combiner == Combiner.ARGMAX || combiner == Combiner.ARGMIN ? index : value;
    }
  }

  private static void reduce(Reduce r, List<Memory> in, List<Memory> out) {
    int inputs = r.inputViews().size();
    points(r.kept(), kept -> {
      List<Running> running = IntStream.range(0, r.combiners().size())
          .mapToObj(j -> new Running(r.combiners().get(j), r.producer().resultType(j)))
          .toList();
      points(r.reduced(), reduced -> {
        long[] p = java.util.stream.LongStream.concat(java.util.Arrays.stream(kept), java.util.Arrays.stream(reduced))
            .toArray();
        double[] produced = NaiveExpr.evaluate(r.producer(), p, read(r.inputViews(), in, p));
        for (int j = 0; j < produced.length; j++) {
          running.get(j).add(produced[j]);
        }
      });
      double[] combined = new double[running.size()];
      for (int j = 0; j < combined.length; j++) {
        combined[j] = running.get(j).result();
      }
      double[] all = concat(combined, read(r.epilogueInputs(), in.subList(inputs, in.size()), kept));
      store(r.outputViews(), out, kept, NaiveExpr.evaluate(r.epilogue(), kept, all));
    });
  }

  private static void row(RowProgram r, List<Memory> in, List<Memory> out) {
    points(r.rows(), row -> {
      double[] stages = new double[0];
      for (RowProgram.Stage s : r.stages()) {
        Running running = new Running(s.combiner(), s.expr().resultType(0));
        for (long c = 0; c < r.columns(); c++) {
          long[] p = append(row, c);
          running.add(NaiveExpr.evaluate(s.expr(), p, concat(read(r.inputViews(), in, p), stages))[0]);
        }
        stages = concat(stages, running.result());
      }
      for (long c = 0; c < r.columns(); c++) {
        long[] p = append(row, c);
        store(r.outputViews(), out, p, NaiveExpr.evaluate(r.result(), p, concat(read(r.inputViews(), in, p), stages)));
      }
    });
  }

  static long[] append(long[] a, long... b) {
    return java.util.stream.LongStream.concat(java.util.Arrays.stream(a), java.util.Arrays.stream(b)).toArray();
  }

  static void finish(Epilogue e, double element, List<Memory> in, List<Memory> out, long[] p) {
    double[] all = concat(new double[]{element}, read(e.inputs(), in.subList(2, in.size()), p));
    store(e.outputs(), out, p, NaiveExpr.evaluate(e.expr(), p, all));
  }

  private static void contraction(Contraction c, List<Memory> in, List<Memory> out) {
    points(c.space(), p -> {
      long[] batch = java.util.Arrays.copyOf(p, p.length - 2);
      double sum = 0;
      for (long k = 0; k < c.k(); k++) {
        sum += read(c.a(), in.get(0), append(batch, p[p.length - 2], k))
            * read(c.b(), in.get(1), append(batch, k, p[p.length - 1]));
      }
      finish(c.epilogue(), sum, in, out, p);
    });
  }

  private static void convolution(Convolution c, List<Memory> in, List<Memory> out) {
    Convolution.Geometry g = c.geometry();
    double[] sums = new double[Math.toIntExact(c.space().product())];
    long perGroup = g.channels() / g.groups();
    long filtersPerGroup = g.filters() / g.groups();
    points(g.resultShape(), p -> {
      for (long ch = 0; ch < perGroup; ch++) {
        for (long i = 0; i < g.kernelHeight(); i++) {
          for (long j = 0; j < g.kernelWidth(); j++) {
            long y = p[2] * g.strideY() + i * g.dilationY() - g.padY();
            long x = p[3] * g.strideX() + j * g.dilationX() - g.padX();
            if (y < 0 || x < 0 || y >= g.height() || x >= g.width()) {
              continue;
            }
            long[] data = {p[0], p[1] / filtersPerGroup * perGroup + ch, y, x};
            long[] filter = {p[1], ch, i, j};
            switch (c.form()) {
              case FORWARD -> sums[flat(g.resultShape(), p)] += read(c.first(), in.get(0), data)
                  * read(c.second(), in.get(1), filter);
              case DATA_GRADIENT ->
                sums[flat(g.dataShape(), data)] += read(c.first(), in.get(0), p) * read(c.second(), in.get(1), filter);
              case FILTER_GRADIENT -> sums[flat(g.filterShape(), filter)] += read(c.first(), in.get(0), data)
                  * read(c.second(), in.get(1), p);
            }
          }
        }
      }
    });
    points(c.space(), p -> finish(c.epilogue(), sums[flat(c.space(), p)], in, out, p));
  }

  static int flat(Dims shape, long... p) {
    long at = 0;
    for (int d = 0; d < p.length; d++) {
      at = at * shape.get(d) + p[d];
    }
    return Math.toIntExact(at);
  }

  private static long clamp(double index, long rows) {
    return Math.max(0, Math.min(rows - 1, (long) index));
  }

  private static void scatter(Scatter s, List<Memory> in, List<Memory> out) {
    int first = s.hasBase() ? 1 : 0;
    double[] table = new double[Math.toIntExact(s.rows() * s.width())];
    for (int i = 0; i < table.length && s.hasBase(); i++) {
      table[i] = in.get(0).get(s.dtype(), i);
    }
    for (long i = 0; i < s.count(); i++) {
      long row = clamp(in.get(first).get(s.indexType(), i), s.rows());
      for (long w = 0; w < s.width(); w++) {
        int at = Math.toIntExact(row * s.width() + w);
        double x = in.get(first + 1).get(s.dtype(), i * s.width() + w);
        table[at] = switch (s.combiner()) {
          case SUM -> table[at] + x;
          case MAX -> Math.max(table[at], x);
          default -> Math.min(table[at], x);
        };
      }
    }
    for (int i = 0; i < table.length; i++) {
      out.get(0).set(s.dtype(), i, table[i]);
    }
  }

  private static void scan(Scan s, List<Memory> in, List<Memory> out) {
    for (long o = 0; o < s.outer(); o++) {
      for (long i = 0; i < s.inner(); i++) {
        Running running = new Running(s.combiner(), s.dtype());
        for (long t = 0; t < s.length(); t++) {
          long at = (o * s.length() + (s.reverse() ? s.length() - 1 - t : t)) * s.inner() + i;
          double x = in.get(0).get(s.dtype(), at);
          double before = running.result();
          running.add(x);
          out.get(0).set(s.dtype(), at, s.exclusive() ? before : running.result());
        }
      }
    }
  }

  private static void sort(
      DType dtype, long rows, long columns, long k, boolean descending, boolean nanSmallest, List<Memory> in,
      List<Memory> out) {
    for (long r = 0; r < rows; r++) {
      List<Long> order = new ArrayList<>();
      for (long c = 0; c < columns; c++) {
        order.add(c);
      }
      long row = r * columns;
      order.sort((a, b) -> {
        double x = in.get(0).get(dtype, row + a);
        double y = in.get(0).get(dtype, row + b);
        if (Double.isNaN(x) || Double.isNaN(y)) {
          return Boolean.compare(Double.isNaN(x), Double.isNaN(y));
        }
        return x == y ? 0 : (x < y) == descending ? 1 : -1;
      });
      for (long c = 0; c < k; c++) {
        long from = order.get(Math.toIntExact(c));
        out.get(0).set(dtype, r * k + c, in.get(0).get(dtype, row + from));
        out.get(1).set(DType.I32, r * k + c, from);
      }
    }
  }
}
