package org.lathe.backends.cpu;

import java.util.ArrayList;
import java.util.List;
import org.lathe.hal.DType;
import org.lathe.hal.expr.Expr;
import org.lathe.hal.spec.RowProgram;
import org.lathe.hal.spec.View;

/**
 * Compiles the loops of a row program over one box of columns, for both forms: along the columns of one row, or along
 * many rows at one column.
 */
final class RowForms {
  final RowProgram spec;
  final RowPlan plan;
  final Nest rows;
  final boolean vector;
  private final int elements;
  private final int outputs;
  private final int columnDim;

  /** The loops over a run of columns: one for each stage, the results at every column, the results of the row. */
  record Term(int columns, RowLoop[] stages, RowLoop elements, RowLoop row) {}

  /** Where an operand of the element loops lies: its source slot, offset, and steps in bytes along columns and rows. */
  record Place(int source, long add, long columnStep, long rowStep) {}

  RowForms(RowProgram spec, RowPlan plan, Nest rows, boolean vector) {
    this.spec = spec;
    this.plan = plan;
    this.rows = rows;
    this.vector = vector;
    elements = spec.inputViews().size();
    outputs = spec.outputViews().size();
    columnDim = spec.rows().rank();
  }

  /** Slots: the element inputs, the outputs, then the indices of all dimensions of the rows that are used. */
  static Nest rows(RowProgram spec, long[] low, long[] sizes) {
    int rank = spec.rows().rank();
    Nest.Builder b = new Nest.Builder(low, sizes);
    for (List<View> views : List.of(spec.inputViews(), spec.outputViews())) {
      for (View v : views) {
        b.slot(v.strides().slice(0, rank).toArray(), v.offset(), v.dtype().bytes());
      }
    }
    boolean[] used = new boolean[rank + 1];
    List<Expr> all = new ArrayList<>(spec.stages().stream().map(RowProgram.Stage::expr).toList());
    all.add(spec.result());
    for (Expr e : all) {
      for (int d : LoopSpec.indexDims(e)) {
        used[d] = true;
      }
    }
    for (int d = 0; d < rank; d++) {
      long[] unit = new long[rank];
      unit[d] = used[d] ? 1 : 0;
      b.slot(unit, 0, 1);
    }
    return b.build();
  }

  /** The bytes from column to column of an operand: element inputs, then outputs. */
  long columnStep(int operand) {
    View v = view(operand);
    return v.strides().last(0) * v.dtype().bytes();
  }

  View view(int operand) {
    return operand < elements ? spec.inputViews().get(operand) : spec.outputViews().get(operand - elements);
  }

  /** What the rows' last dimension adds to a row slot. */
  long rowStep(int slot) {
    return rows.steps()[rows.rank() - 1][slot];
  }

  /**
   * The loops along the columns of one row.
   *
   * @param lanes offset in scratch of the lanes
   * @param values offset of the stages' values
   * @param keptRows offset of the kept rows
   * @param pitch bytes of one kept row
   */
  Term byRow(Boxes.Box box, long lanes, long values, long keptRows, long pitch) {
    int columns = (int) box.sizes()[columnDim];
    long low = box.low()[columnDim];
    RowLoop[] stages = new RowLoop[plan.stages.size()];
    for (int s = 0; s < stages.length; s++) {
      Assembly a = new Assembly();
      inputsByRow(a, low, values, keptRows, pitch);
      Fold fold = plan.folds.get(s);
      a.output(LoopSpec.fold(fold.dtype(), fold.combiner()), RowLoop.SCRATCH, lanes, 0);
      for (int row : plan.keeps.get(s)) {
        long bytes = plan.keptTypes.get(row).bytes();
        a.output(LoopSpec.store(plan.keptTypes.get(row), 1), RowLoop.SCRATCH, keptRows + row * pitch + low * bytes,
            bytes);
      }
      Expr e = box.expr(plan.stages.get(s), spec.inputViews());
      a.indices(e, low, true);
      stages[s] = a.loop(e, fold.isArg() ? low : -1);
    }
    return new Term(columns, stages, resultByRow(box, plan.elementResult, plan.elementOutputs, low, columns, values,
        keptRows, pitch), resultByRow(box, plan.rowResult, plan.rowOutputs, low, 1, values, keptRows, pitch));
  }

  private RowLoop resultByRow(Boxes.Box box, Expr result, List<Integer> to, long low, int n, long values,
      long keptRows, long pitch) {
    Assembly a = new Assembly();
    inputsByRow(a, low, values, keptRows, pitch);
    for (int j : to) {
      long step = columnStep(elements + j);
      DType t = view(elements + j).dtype();
      a.output(LoopSpec.store(t, n == 1 ? 1 : step / t.bytes()), elements + j, low * step, step);
    }
    Expr e = box.expr(result, spec.inputViews());
    a.indices(e, low, true);
    return a.loop(e, -1);
  }

  private void inputsByRow(Assembly a, long low, long values, long keptRows, long pitch) {
    for (int i = 0; i < elements; i++) {
      long step = columnStep(i);
      DType t = view(i).dtype();
      a.input(new LoopSpec.Input(t, step / t.bytes()), i, low * step, step);
    }
    for (int s = 0; s < plan.folds.size(); s++) {
      a.input(new LoopSpec.Input(plan.folds.get(s).resultType(), 0), RowLoop.SCRATCH, values + 8L * s, 0);
    }
    for (int r = 0; r < plan.keptTypes.size(); r++) {
      DType t = plan.keptTypes.get(r);
      a.input(new LoopSpec.Input(t, 1), RowLoop.SCRATCH, keptRows + r * pitch + low * t.bytes(), t.bytes());
    }
  }

  /**
   * The loops along many rows at one column. Rows of scratch memory are {@code pitch} bytes.
   *
   * @param places where the element inputs and the outputs lie
   * @param accumulators offset of each stage's value row, and behind it its position row
   * @param kept offset of the kept tiles, each {@code tile} bytes
   */
  Term byColumn(Boxes.Box box, List<Place> places, long accumulators, long kept, long pitch, long tile) {
    int columns = (int) box.sizes()[columnDim];
    long low = box.low()[columnDim];
    RowLoop[] stages = new RowLoop[plan.stages.size()];
    for (int s = 0; s < stages.length; s++) {
      Assembly a = new Assembly();
      inputsByColumn(a, places, low, accumulators, kept, pitch, tile);
      Fold fold = plan.folds.get(s);
      long value = accumulators + 2 * s * pitch;
      a.input(new LoopSpec.Input(fold.type(), 1), RowLoop.SCRATCH, value, 0);
      if (fold.isArg()) {
        a.input(new LoopSpec.Input(DType.I32, 1), RowLoop.SCRATCH, value + pitch, 0);
      }
      a.output(LoopSpec.store(fold.type(), 1), RowLoop.SCRATCH, value, 0);
      if (fold.isArg()) {
        a.output(LoopSpec.store(DType.I32, 1), RowLoop.SCRATCH, value + pitch, 0);
      }
      for (int row : plan.keeps.get(s)) {
        a.output(LoopSpec.store(plan.keptTypes.get(row), 1), RowLoop.SCRATCH, kept + row * tile + low * pitch, pitch);
      }
      Expr producer = Exprs.widened(box.expr(plan.stages.get(s), spec.inputViews()));
      Expr e = Exprs.accumulating(producer, plan.inputs(), List.of(fold), columnDim + 1);
      a.indices(e, low, false);
      stages[s] = a.loop(e, -1);
    }
    return new Term(columns, stages,
        resultByColumn(box, plan.elementResult, plan.elementOutputs, places, low, accumulators, kept, pitch, tile),
        resultByColumn(box, plan.rowResult, plan.rowOutputs, places, low, accumulators, kept, pitch, tile));
  }

  private RowLoop resultByColumn(Boxes.Box box, Expr result, List<Integer> to, List<Place> places, long low,
      long accumulators, long kept, long pitch, long tile) {
    Assembly a = new Assembly();
    inputsByColumn(a, places, low, accumulators, kept, pitch, tile);
    for (int j : to) {
      Place p = places.get(elements + j);
      DType t = view(elements + j).dtype();
      a.output(LoopSpec.store(t, p.rowStep() / t.bytes()), p.source(), p.add() + low * p.columnStep(), p.columnStep());
    }
    Expr e = box.expr(result, spec.inputViews());
    a.indices(e, low, false);
    return a.loop(e, -1);
  }

  private void inputsByColumn(
      Assembly a, List<Place> places, long low, long accumulators, long kept, long pitch, long tile) {
    for (int i = 0; i < elements; i++) {
      Place p = places.get(i);
      DType t = view(i).dtype();
      a.input(new LoopSpec.Input(t, p.rowStep() / t.bytes()), p.source(), p.add() + low * p.columnStep(),
          p.columnStep());
    }
    for (int s = 0; s < plan.folds.size(); s++) {
      Fold f = plan.folds.get(s);
      long row = accumulators + (2 * s + (f.isArg() ? 1 : 0)) * pitch;
      a.input(new LoopSpec.Input(f.resultType(), 1), RowLoop.SCRATCH, row, 0);
    }
    for (int r = 0; r < plan.keptTypes.size(); r++) {
      a.input(new LoopSpec.Input(plan.keptTypes.get(r), 1), RowLoop.SCRATCH, kept + r * tile + low * pitch, pitch);
    }
  }

  /** The slots of one loop as they are put together. */
  private final class Assembly {
    private final List<LoopSpec.Input> in = new ArrayList<>();
    private final List<LoopSpec.Output> out = new ArrayList<>();
    private final List<Long> indexSteps = new ArrayList<>();
    private final List<Integer> source = new ArrayList<>();
    private final List<Long> add = new ArrayList<>();
    private final List<Long> step = new ArrayList<>();

    private void slot(int source, long add, long step) {
      this.source.add(source);
      this.add.add(add);
      this.step.add(step);
    }

    void input(LoopSpec.Input input, int source, long add, long step) {
      in.add(input);
      slot(source, add, step);
    }

    void output(LoopSpec.Output output, int source, long add, long step) {
      out.add(output);
      slot(source, add, step);
    }

    /** Indices along rows come from the row's slots, those along columns (and positions) count from {@code low}. */
    void indices(Expr e, long low, boolean alongColumns) {
      for (int d : LoopSpec.indexDims(e)) {
        boolean column = d >= columnDim;
        if (column) {
          indexSteps.add(alongColumns ? 1L : 0L);
          slot(RowLoop.NUMBER, low, 1);
        } else {
          indexSteps.add(alongColumns ? 0L : rowStep(elements + outputs + d));
          slot(elements + outputs + d, 0, 0);
        }
      }
    }

    /**
     * @param position the position of the first column for an index combiner, -1 if there is none
     */
    RowLoop loop(Expr e, long position) {
      if (position >= 0) {
        slot(RowLoop.NUMBER, position, 1);
      }
      LoopSpec loop = new LoopSpec(e, in, out, indexSteps, 1, vector);
      cost += LoopCompiler.cost(loop);
      return new RowLoop(loop, source.stream().mapToInt(i -> i).toArray(), longs(add), longs(step));
    }

    private static long[] longs(List<Long> list) {
      return list.stream().mapToLong(x -> x).toArray();
    }
  }

  /** Nanoseconds an element of all loops made, roughly. */
  double cost;

  /** The longest array that a loop takes. */
  int slots() {
    return plan.inputs() + 4 + plan.keptTypes.size() + outputs
        + java.util.stream.IntStream.concat(
            plan.stages.stream().mapToInt(e -> LoopSpec.indexDims(e).length),
            java.util.stream.IntStream.of(LoopSpec.indexDims(plan.elementResult).length,
                LoopSpec.indexDims(plan.rowResult).length))
            .max().orElse(0)
        + 2;
  }
}
