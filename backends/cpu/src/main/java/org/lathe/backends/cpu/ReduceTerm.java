package org.lathe.backends.cpu;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.lathe.hal.DType;
import org.lathe.hal.expr.Expr;

/**
 * The producer of a reduction over one box of the reduced space, compiled in one of two forms.
 *
 * <p>In the line form the loop runs along a reduced dimension and folds into the lanes of {@link Fold}s. In the column
 * form it runs along a kept dimension and combines each point into the rows of results so far.
 */
final class ReduceTerm {
  final Loop loop;
  final Odometer odometer;
  /** Calls of the loop for one kept point, or for one line of them. */
  final long units;
  final long[] start;
  final double cost;
  final boolean vector;

  private final long line;
  private final long segment;
  private final int segmentDim;

  private ReduceTerm(LoopSpec spec, Nest units, long line, long segment, int at) {
    loop = LoopCompiler.compile(spec);
    odometer = new Odometer(units, 0, at);
    this.units = units.points();
    start = units.start();
    this.line = line;
    this.segment = segment;
    segmentDim = units.rank() - 1;
    cost = LoopCompiler.cost(spec);
    vector = LoopCompiler.isVector(spec);
  }

  /** How many points the call at the odometer's position has. */
  int points(long[] a) {
    return (int) Math.min(segment, line - odometer.index(a, segmentDim) * segment);
  }

  /**
   * The line form.
   *
   * @param reduced the box's nest; its slots are the loop's
   * @param at where the odometer's position is kept
   */
  static ReduceTerm line(Nest reduced, Expr producer, List<DType> types, List<Fold> folds, boolean vector, int at) {
    LoopSpec spec = lineSpec(lineNest(reduced, folds, types), producer, types, folds, vector);
    Nest n = lineNest(reduced, folds, types);
    long line = n.sizes()[n.rank() - 1];
    long segment = Math.min(line, Fold.BLOCK);
    return new ReduceTerm(spec, n.segmented(Math.max(1, segment)), line, segment, at);
  }

  /** Positions must grow from point to point, so that the first of equal values is met first. */
  private static Nest lineNest(Nest reduced, List<Fold> folds, List<DType> types) {
    boolean ordered = folds.stream().anyMatch(Fold::isArg);
    Nest n = (ordered || types.isEmpty() ? reduced.joined() : reduced.normalised(0)).atLeastOne();
    return ordered ? n : n.innermost(bestLine(n, types));
  }

  /** The dimension along which the most inputs are dense or constant. */
  static int bestLine(Nest n, List<DType> types) {
    int best = n.rank() - 1;
    double least = Double.MAX_VALUE;
    for (int d = n.rank() - 1; d >= 0; d--) {
      double c = 40.0 / Math.max(1, n.sizes()[d]);
      for (int k = 0; k < types.size(); k++) {
        long step = n.steps()[d][k];
        c += step == 0 || step == types.get(k).bytes() ? 0 : 3;
      }
      if (c < least) {
        least = c;
        best = d;
      }
    }
    return best;
  }

  private static LoopSpec lineSpec(Nest n, Expr producer, List<DType> types, List<Fold> folds, boolean vector) {
    long[] step = n.steps()[n.rank() - 1];
    List<LoopSpec.Input> in = new ArrayList<>();
    for (int k = 0; k < types.size(); k++) {
      in.add(new LoopSpec.Input(types.get(k), step[k] / types.get(k).bytes()));
    }
    List<LoopSpec.Output> out = folds.stream().map(f -> LoopSpec.fold(f.dtype(), f.combiner())).toList();
    int indices = LoopSpec.indexDims(producer).length;
    int first = types.size() + folds.size();
    List<Long> indexSteps = new ArrayList<>();
    for (int k = first; k < first + indices; k++) {
      indexSteps.add(step[k]);
    }
    long positionStep = first + indices < step.length ? step[first + indices] : 0;
    return new LoopSpec(producer, in, out, indexSteps, positionStep, List.of(), vector);
  }

  /**
   * The column form.
   *
   * @param reduced the box's nest; its slots are the loop's
   * @param accumulating as {@link Exprs#accumulating} makes it
   * @param keptStep what each slot grows by along the line of kept points
   */
  static ReduceTerm column(
      Nest reduced, Expr accumulating, List<DType> types, List<Fold> folds, long[] keptStep, boolean vector, int at) {
    boolean ordered = folds.stream().anyMatch(Fold::isArg);
    Nest n = ordered || types.isEmpty() ? reduced.joined() : reduced.normalised(0);
    List<LoopSpec.Input> in = new ArrayList<>();
    for (int k = 0; k < types.size(); k++) {
      in.add(new LoopSpec.Input(types.get(k), keptStep[k] / types.get(k).bytes()));
    }
    List<LoopSpec.Output> out = new ArrayList<>();
    for (DType row : rowTypes(folds)) {
      in.add(new LoopSpec.Input(row, 1));
      out.add(LoopSpec.store(row, 1));
    }
    int first = in.size() + out.size();
    List<Long> indexSteps = new ArrayList<>();
    for (int k = first; k < n.slots(); k++) {
      indexSteps.add(keptStep[k]);
    }
    return new ReduceTerm(LoopSpec.of(accumulating, in, out, indexSteps, vector), n.atLeastOne(), 1, 1, at);
  }

  /** The element type of each row of partial results. */
  static List<DType> rowTypes(List<Fold> folds) {
    List<DType> rows = new ArrayList<>();
    for (Fold f : folds) {
      rows.add(f.type());
      if (f.isArg()) {
        rows.add(DType.I32);
      }
    }
    return Collections.unmodifiableList(rows);
  }
}
