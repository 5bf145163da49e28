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

  /** The loops along one row over a run of columns from {@code low}, all on one array. */
  record RowTerm(int low, int columns, Loop[] passes, Loop elements, Loop row) {}

  /** The loops along many rows, at each of a run of columns. */
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

  /** The slots of the row form: those of the rows, then the values and lanes of stages, kept rows, the column. */
  int valueSlot(int stage) {
    return rows.slots() + stage;
  }

  int lanesSlot(int stage) {
    return rows.slots() + plan.folds.size() + stage;
  }

  int keptSlot(int row) {
    return rows.slots() + 2 * plan.folds.size() + row;
  }

  int columnSlot() {
    return keptSlot(plan.keptTypes.size());
  }

  /** What each slot of the row form grows by from column to column. */
  long[] columnSteps() {
    long[] step = new long[columnSlot() + 1];
    for (int k = 0; k < elements + outputs; k++) {
      step[k] = columnStep(k);
    }
    for (int r = 0; r < plan.keptTypes.size(); r++) {
      step[keptSlot(r)] = plan.keptTypes.get(r).bytes();
    }
    step[columnSlot()] = 1;
    return step;
  }

  /**
   * The loops along the columns of one row.
   *
   * @param whole whether each pass is one call, so that the values of its stages are where their lanes are
   */
  RowTerm byRow(Boxes.Box box, boolean whole) {
    Loop[] passes = new Loop[plan.passes.size()];
    for (int s = 0; s < passes.length; s++) {
      List<LoopSpec.Output> out = new ArrayList<>();
      List<Integer> places = new ArrayList<>();
      boolean positions = false;
      for (int stage : plan.passes.get(s)) {
        Fold fold = plan.folds.get(stage);
        out.add(whole && !fold.isArg()
            ? LoopSpec.whole(fold.dtype(), fold.combiner())
            : LoopSpec.fold(fold.dtype(), fold.combiner()));
        places.add(lanesSlot(stage));
        positions |= fold.isArg();
      }
      for (int row : plan.keeps.get(s)) {
        out.add(LoopSpec.store(plan.keptTypes.get(row), 1));
        places.add(keptSlot(row));
      }
      passes[s] = rowLoop(box.expr(plan.expressions.get(s), spec.inputViews()), out, places, positions);
    }
    return new RowTerm((int) box.low()[columnDim], (int) box.sizes()[columnDim], passes,
        rowResult(box, plan.elementResult, plan.elementOutputs, spec.columns()),
        rowResult(box, plan.rowResult, plan.rowOutputs, 1));
  }

  private Loop rowResult(Boxes.Box box, Expr result, List<Integer> to, long columns) {
    List<LoopSpec.Output> out = new ArrayList<>();
    List<Integer> places = new ArrayList<>();
    for (int j : to) {
      DType t = view(elements + j).dtype();
      out.add(LoopSpec.store(t, columns == 1 ? 1 : columnStep(elements + j) / t.bytes()));
      places.add(elements + j);
    }
    return rowLoop(box.expr(result, spec.inputViews()), out, places, false);
  }

  private Loop rowLoop(Expr e, List<LoopSpec.Output> out, List<Integer> outputPlaces, boolean position) {
    List<LoopSpec.Input> in = new ArrayList<>();
    List<Integer> places = new ArrayList<>();
    for (int i = 0; i < elements; i++) {
      DType t = view(i).dtype();
      in.add(new LoopSpec.Input(t, columnStep(i) / t.bytes()));
      places.add(i);
    }
    for (int s = 0; s < plan.folds.size(); s++) {
      in.add(new LoopSpec.Input(plan.folds.get(s).resultType(), 0));
      places.add(valueSlot(s));
    }
    for (int r = 0; r < plan.keptTypes.size(); r++) {
      in.add(new LoopSpec.Input(plan.keptTypes.get(r), 1));
      places.add(keptSlot(r));
    }
    places.addAll(outputPlaces);
    List<Long> steps = new ArrayList<>();
    for (int d : LoopSpec.indexDims(e)) {
      steps.add(d == columnDim ? 1L : 0L);
      places.add(d == columnDim ? columnSlot() : elements + outputs + d);
    }
    if (position) {
      places.add(columnSlot());
    }
    LoopSpec loop = new LoopSpec(e, in, out, steps, 1, places, vector);
    cost += LoopCompiler.cost(loop);
    return LoopCompiler.compile(loop);
  }

  /**
   * The loops along many rows at one column, each pass of one stage. Rows of scratch memory are {@code pitch} bytes.
   *
   * @param places where the element inputs and the outputs lie
   * @param accumulators offset of each stage's value row, and behind it its position row
   * @param kept offset of the kept tiles, each {@code tile} bytes
   */
  Term byColumn(Boxes.Box box, List<Place> places, long accumulators, long kept, long pitch, long tile) {
    int columns = (int) box.sizes()[columnDim];
    long low = box.low()[columnDim];
    RowLoop[] stages = new RowLoop[plan.folds.size()];
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
      Expr producer = Exprs.widened(box.expr(plan.expressions.get(s), spec.inputViews()));
      Expr e = Exprs.accumulating(producer, plan.inputs(), List.of(fold), columnDim + 1);
      a.indices(e, low);
      stages[s] = a.loop(e);
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
    a.indices(e, low);
    return a.loop(e);
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
    void indices(Expr e, long low) {
      for (int d : LoopSpec.indexDims(e)) {
        boolean column = d >= columnDim;
        indexSteps.add(column ? 0L : rowStep(elements + outputs + d));
        slot(column ? RowLoop.NUMBER : elements + outputs + d, column ? low : 0, column ? 1 : 0);
      }
    }

    RowLoop loop(Expr e) {
      LoopSpec loop = new LoopSpec(e, in, out, indexSteps, 0, List.of(), vector);
      cost += LoopCompiler.cost(loop);
      return new RowLoop(loop, source.stream().mapToInt(i -> i).toArray(), longs(add), longs(step));
    }

    private static long[] longs(List<Long> list) {
      return list.stream().mapToLong(x -> x).toArray();
    }
  }

  /** Nanoseconds an element of all loops made, roughly. */
  double cost;

  /** The longest array that a loop along many rows takes. */
  int slots() {
    return plan.inputs() + 4 + plan.keptTypes.size() + outputs
        + java.util.stream.IntStream.concat(
            plan.expressions.stream().mapToInt(e -> LoopSpec.indexDims(e).length),
            java.util.stream.IntStream.of(LoopSpec.indexDims(plan.elementResult).length,
                LoopSpec.indexDims(plan.rowResult).length))
            .max().orElse(0)
        + 2;
  }
}
