package org.lathe.backends.cpu;

import java.util.ArrayList;
import java.util.List;
import org.lathe.hal.DType;
import org.lathe.hal.expr.Combiner;
import org.lathe.hal.spec.RowProgram;
import org.lathe.hal.spec.View;

/** A row program over one box of rows. */
abstract sealed class RowNest {
  /** Rows shorter than this are worked on many at a time. */
  private static final int SHORT_ROW = 32;

  final RowForms forms;
  final RowPlan plan;
  final int elements;
  final int operands;
  final int row;
  final Odometer odometer;
  final long units;
  private final int longs;
  private final long points;

  private RowNest(RowForms forms, Nest units, long points, int row, int positions) {
    this.forms = forms;
    this.points = points;
    this.row = row;
    plan = forms.plan;
    elements = forms.spec.inputViews().size();
    operands = elements + forms.spec.outputViews().size();
    odometer = new Odometer(units, row, positions);
    this.units = units.points();
    longs = positions + units.rank();
  }

  /**
   * @param boxes the boxes over the whole space with these rows
   */
  static RowNest of(RowProgram spec, long[] low, long[] sizes, List<Boxes.Box> boxes) {
    boolean vector = spec.space().product() >= 64;
    Nest rows = RowForms.rows(spec, low, sizes).normalised(mainSlot(spec)).atLeastOne();
    List<DType> types = new ArrayList<>();
    spec.inputViews().forEach(v -> types.add(v.dtype()));
    spec.outputViews().forEach(v -> types.add(v.dtype()));
    Nest byColumn = rows.innermost(ReduceTerm.bestLine(rows, types));
    long line = byColumn.sizes()[byColumn.rank() - 1];
    int stridedAlongColumns = 0;
    int stridedAlongRows = 0;
    for (int k = 0; k < types.size(); k++) {
      View v = k < spec.inputViews().size()
          ? spec.inputViews().get(k)
          : spec.outputViews().get(k - spec.inputViews().size());
      long column = v.strides().last(0);
      long row = byColumn.steps()[byColumn.rank() - 1][k];
      stridedAlongColumns += column != 0 && column != 1 ? 1 : 0;
      stridedAlongRows += row != 0 && row != v.dtype().bytes() ? 1 : 0;
    }
    boolean manyRows = line >= 4
        && (spec.columns() < SHORT_ROW && line > spec.columns() || stridedAlongColumns > stridedAlongRows);
    return manyRows
        ? new ManyRows(new RowForms(spec, new RowPlan(spec, false), byColumn, vector), boxes)
        : new OneRow(
            new RowForms(spec, new RowPlan(spec, OneRow.joins(spec, boxes)), rows, vector && spec.columns() >= 16),
            boxes);
  }

  private static int mainSlot(RowProgram spec) {
    for (int i = 0; i < spec.inputViews().size(); i++) {
      if (spec.inputViews().get(i).strides().last(0) != 0) {
        return i;
      }
    }
    return spec.inputViews().size();
  }

  final int scratchLongs() {
    return longs;
  }

  /** Nanoseconds that one worker takes, roughly. */
  final double cost() {
    return points * forms.cost + units * 60.0;
  }

  abstract long scratchBytes();

  abstract String variant();

  /** Sets up what all units share. */
  void begin(long[] a, long scratch) {}

  /** Does the unit at the odometer's position. */
  abstract void unit(long[] a, long scratch);

  final void part(long[] addresses, long[] a, long scratch, int worker, int workers) {
    long from = units * worker / workers;
    long to = units * (worker + 1) / workers;
    if (from >= to) {
      return;
    }
    long[] start = forms.rows.start();
    for (int k = 0; k < start.length; k++) {
      a[row + k] = start[k] + (k < operands ? addresses[k] : 0);
    }
    odometer.seek(a, from);
    begin(a, scratch);
    for (long u = from; u < to; u++) {
      unit(a, scratch);
      odometer.next(a);
    }
  }

  /** One row at a time, which stays in the first caches from stage to stage. */
  private static final class OneRow extends RowNest {
    /** For each stage: the lanes, with positions; then the total; then the value. */
    private static final long STAGE_BYTES = 512;
    private static final long TOTAL = 448;
    private static final long VALUE = 464;

    private final RowForms.RowTerm[] terms;
    private final long pitch;
    private final Fold[] folds;
    private final boolean[] whole;
    /** Whether each pass is one call for all of its stages. */
    private final boolean joined;
    private final long[] columnStep;
    private final boolean hasRow;
    private final boolean hasElements;

    OneRow(RowForms forms, List<Boxes.Box> boxes) {
      super(forms, forms.rows, forms.rows.points() * forms.spec.columns(), 0, forms.columnSlot() + 1);
      folds = plan.folds.toArray(Fold[]::new);
      pitch = (forms.spec.columns() * 8 + 63) / 64 * 64;
      List<Boxes.Box> filled = filled(forms.spec, boxes);
      boolean one = isOne(forms.spec, filled);
      joined = joins(forms.spec, boxes);
      whole = new boolean[folds.length];
      for (int s = 0; s < folds.length; s++) {
        whole[s] = one && !folds[s].isArg();
      }
      terms = filled.stream().map(b -> forms.byRow(b, one)).toArray(RowForms.RowTerm[]::new);
      columnStep = forms.columnSteps();
      hasRow = !plan.rowOutputs.isEmpty();
      hasElements = !plan.elementOutputs.isEmpty();
    }

    private static List<Boxes.Box> filled(RowProgram spec, List<Boxes.Box> boxes) {
      return boxes.stream().filter(b -> b.sizes()[spec.rows().rank()] > 0).toList();
    }

    private static boolean isOne(RowProgram spec, List<Boxes.Box> filled) {
      return filled.size() == 1 && spec.columns() <= Fold.BLOCK;
    }

    /** Whether stages may share a pass: where each is one call, of lanes of one width. */
    static boolean joins(RowProgram spec, List<Boxes.Box> boxes) {
      return isOne(spec, filled(spec, boxes))
          && spec.stages().stream().map(s -> s.expr().resultType(0).compute().bytes()).distinct().count() <= 1
          && spec.stages().stream().noneMatch(s -> s.combiner() == Combiner.ARGMAX || s.combiner() == Combiner.ARGMIN);
    }

    @Override
    long scratchBytes() {
      return folds.length * STAGE_BYTES + plan.keptTypes.size() * pitch;
    }

    @Override
    String variant() {
      return units + " rows of " + forms.spec.columns() + " in " + (plan.passes.size() + (hasElements ? 1 : 0))
          + " passes, "
          + plan.keptTypes.size() + " kept";
    }

    @Override
    void begin(long[] a, long scratch) {
      for (int s = 0; s < folds.length; s++) {
        long stage = scratch + s * STAGE_BYTES;
        a[forms.lanesSlot(s)] = stage;
        a[forms.valueSlot(s)] = whole[s] ? stage : stage + VALUE;
      }
      for (int r = 0; r < plan.keptTypes.size(); r++) {
        a[forms.keptSlot(r)] = scratch + folds.length * STAGE_BYTES + r * pitch;
      }
      a[forms.columnSlot()] = 0;
    }

    @Override
    void unit(long[] a, long scratch) {
      for (int s = 0; s < plan.passes.size(); s++) {
        if (joined || whole[s]) {
          terms[0].passes()[s].run(a, terms[0].columns());
        } else {
          stage(s, a, scratch + s * STAGE_BYTES);
        }
      }
      if (hasRow) {
        terms[0].row().run(a, 1);
      }
      for (int t = 0; t < terms.length && hasElements; t++) {
        RowForms.RowTerm term = terms[t];
        move(a, term.low());
        term.elements().run(a, term.columns());
        move(a, -term.low());
      }
    }

    private void stage(int s, long[] a, long lanes) {
      Fold fold = folds[s];
      fold.resetLanes(lanes);
      fold.resetTotal(lanes + TOTAL);
      long pending = 0;
      for (RowForms.RowTerm term : terms) {
        for (int c = 0; c < term.columns(); c += Fold.BLOCK) {
          int n = Math.min(Fold.BLOCK, term.columns() - c);
          if (pending + n > Fold.BLOCK && pending > 0) {
            fold.flush(lanes, lanes + TOTAL);
            fold.resetLanes(lanes);
            pending = 0;
          }
          move(a, term.low() + c);
          term.passes()[s].run(a, n);
          move(a, -term.low() - c);
          pending += n;
        }
      }
      if (pending > 0) {
        fold.flush(lanes, lanes + TOTAL);
      }
      fold.store(lanes + TOTAL, lanes + VALUE);
    }

    private void move(long[] a, long columns) {
      for (int k = 0; k < columnStep.length && columns != 0; k++) {
        a[k] += columns * columnStep[k];
      }
    }
  }

  /**
   * Many rows at a time, the loops running along the rows: for short rows, and for rows whose elements lie apart. Operands
   * that are not dense along the rows go through transposed tiles.
   */
  private static final class ManyRows extends RowNest {
    private final int width;
    private final long line;
    private final int lineDim;
    private final RowForms.Term[] terms;
    private final Fold[] folds;
    private final int[] staged;
    private final long[] tileAt;
    private final int[] bytes;
    private final long[] columnStep;
    private final long[] rowStep;
    private final int[] from;
    private final int[] to;
    private final long pitch;
    private final long scratchBytes;

    ManyRows(RowForms forms, List<Boxes.Box> boxes) {
      this(forms, boxes, width(forms));
    }

    private static int width(RowForms forms) {
      long line = forms.rows.sizes()[forms.rows.rank() - 1];
      return (int) Math.min(line, Math.clamp(4096 / Math.max(1, forms.spec.columns()) / 16 * 16, 64, 256));
    }

    private ManyRows(RowForms forms, List<Boxes.Box> boxes, int width) {
      super(forms, forms.rows.segmented(width), forms.rows.points() * forms.spec.columns(), forms.slots(),
          forms.slots() + forms.rows.slots());
      this.width = width;
      folds = plan.folds.toArray(Fold[]::new);
      lineDim = forms.rows.rank() - 1;
      line = forms.rows.sizes()[lineDim];
      pitch = (width * 8L + 63) / 64 * 64;
      long tile = forms.spec.columns() * pitch;
      long kept = 2L * folds.length * pitch;
      long next = kept + plan.keptTypes.size() * tile;
      List<RowForms.Place> places = new ArrayList<>();
      List<Integer> through = new ArrayList<>();
      tileAt = new long[operands];
      bytes = new int[operands];
      columnStep = new long[operands];
      rowStep = new long[operands];
      from = new int[operands];
      to = new int[operands];
      for (int k = 0; k < operands; k++) {
        bytes[k] = forms.view(k).dtype().bytes();
        columnStep[k] = forms.columnStep(k);
        rowStep[k] = forms.rowStep(k);
        range(k, boxes);
        if (rowStep[k] == bytes[k] || rowStep[k] == 0 && (k < elements || line == 1)) {
          places.add(new RowForms.Place(k, 0, columnStep[k], line == 1 ? bytes[k] : rowStep[k]));
        } else {
          through.add(k);
          tileAt[k] = next;
          places.add(new RowForms.Place(RowLoop.SCRATCH, next, columnStep[k] == 0 ? 0 : pitch, bytes[k]));
          next += tile;
        }
      }
      staged = through.stream().mapToInt(k -> k).toArray();
      scratchBytes = next;
      terms = boxes.stream()
          .filter(b -> b.sizes()[forms.spec.rows().rank()] > 0)
          .map(b -> forms.byColumn(b, places, 0, kept, pitch, tile))
          .toArray(RowForms.Term[]::new);
    }

    @Override
    long scratchBytes() {
      return scratchBytes;
    }

    @Override
    String variant() {
      return units + " blocks of " + width + " rows of " + forms.spec.columns() + ", " + plan.keptTypes.size()
          + " kept, " + staged.length + " transposed";
    }

    @Override
    void unit(long[] a, long scratch) {
      int n = (int) Math.min(width, line - odometer.index(a, lineDim) * width);
      for (int k : staged) {
        if (k < elements) {
          transpose(a, scratch, k, n, true);
        }
      }
      for (int s = 0; s < folds.length; s++) {
        long value = scratch + 2L * s * pitch;
        folds[s].fill(value, n);
        if (folds[s].isArg()) {
          Memory.fill(value + pitch, 4L * n, (byte) 0);
        }
        for (RowForms.Term term : terms) {
          columns(term.stages()[s], a, scratch, term.columns(), n);
        }
      }
      if (!plan.rowOutputs.isEmpty() && terms.length > 0) {
        columns(terms[0].row(), a, scratch, 1, n);
      }
      if (!plan.elementOutputs.isEmpty()) {
        for (RowForms.Term term : terms) {
          columns(term.elements(), a, scratch, term.columns(), n);
        }
      }
      for (int k : staged) {
        if (k >= elements) {
          transpose(a, scratch, k, n, false);
        }
      }
    }

    private void columns(RowLoop loop, long[] a, long scratch, int columns, int n) {
      loop.begin(a, row, scratch);
      for (int c = 0; c < columns; c++) {
        loop.run(a, n);
        loop.advance(a, 1);
      }
    }

    private void transpose(long[] a, long scratch, int k, int n, boolean in) {
      long operand = a[row + k] + from[k] * columnStep[k];
      long tile = scratch + tileAt[k] + (columnStep[k] == 0 ? 0 : from[k] * pitch);
      int columns = to[k] - from[k];
      if (in) {
        Tiles.copy(operand, columnStep[k], rowStep[k], tile, pitch, bytes[k], columns, n, bytes[k]);
      } else {
        Tiles.copy(tile, pitch, bytes[k], operand, columnStep[k], rowStep[k], columns, n, bytes[k]);
      }
    }

    /** The columns of operand {@code k} that are to be copied: those inside its guard, one if all are the same. */
    private void range(int k, List<Boxes.Box> boxes) {
      int column = forms.spec.rows().rank();
      long low = Long.MAX_VALUE;
      long high = 0;
      for (Boxes.Box b : boxes) {
        if (k >= elements || b.inside()[k]) {
          low = Math.min(low, b.low()[column]);
          high = Math.max(high, b.low()[column] + b.sizes()[column]);
        }
      }
      from[k] = (int) Math.min(low, high);
      to[k] = (int) (columnStep[k] == 0 ? Math.min(from[k] + 1, high) : high);
    }
  }
}
