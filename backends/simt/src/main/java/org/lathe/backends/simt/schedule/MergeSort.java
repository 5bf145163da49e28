package org.lathe.backends.simt.schedule;

import java.util.List;
import org.lathe.backends.simt.ir.Memory;
import org.lathe.backends.simt.ir.Parameter.Access;
import org.lathe.backends.simt.ir.Value;
import org.lathe.backends.simt.ir.Values;
import org.lathe.backends.simt.ir.Variable;
import org.lathe.backends.simt.plan.KernelPlan;
import org.lathe.backends.simt.plan.LaunchBuilder;
import org.lathe.backends.simt.plan.Site;
import org.lathe.backends.simt.plan.Traits;
import org.lathe.hal.DType;
import org.lathe.hal.expr.BinaryOp;
import org.lathe.hal.spec.KernelSpec;

/**
 * Sorts rows of keys with their positions on CPUs and pipelines: each row by one work item, which merges runs to and fro
 * between two halves of its own part of the workspaces.
 */
final class MergeSort {
  private final KernelSpec spec;
  private final Site site;
  private final DType keyType;
  private final long rows;
  private final long columns;
  private final long items;

  MergeSort(KernelSpec spec, Site site, DType keyType, long rows, long columns) {
    this.spec = spec;
    this.site = site;
    this.keyType = keyType;
    this.rows = rows;
    this.columns = columns;
    Traits t = site.traits();
    long wanted = Math.min(rows, Sweep.items(t, 8.0 * rows * columns * passes()));
    items = Math.ceilDiv(rows, Math.ceilDiv(rows, wanted));
  }

  private int passes() {
    return columns <= 1 ? 0 : Long.SIZE - Long.numberOfLeadingZeros(columns - 1);
  }

  /** Hands the first {@code limit} entries of each row to the sink. */
  KernelPlan into(BitonicSort.Source.Binder source, BitonicSort.Sink.Binder sink, long limit) {
    LaunchBuilder k = new LaunchBuilder("sort", spec, site);
    long entries = 2 * columns * items;
    Memory keys = k.workspace(0, "keys", keyType, entries, Access.READ_WRITE);
    Memory positions = k.workspace(1, "positions", DType.I32, entries, Access.READ_WRITE);
    BitonicSort.Source in = source.bind(k);
    BitonicSort.Sink out = sink.bind(k);
    boolean wide = entries > Integer.MAX_VALUE / 2;
    Value item = items == 1 ? Values.index(0) : Values.globalId(0);
    Value base = k.let("base", Values.mul(wide ? Values.cast(item, DType.I64) : item, 2 * columns));
    Sweep.share(k, rows, items, row -> {
      k.loop("column", columns, c -> {
        Value at = Values.add(base, c);
        k.store(keys, at, in.key(row, c));
        k.store(positions, at, Values.cast(c, DType.I32));
      });
      k.loop("pass", passes(), pass -> pass(k, keys, positions, base, pass));
      Value sorted = Values.add(base, passes() % 2 == 0 ? 0 : columns);
      k.loop("column", limit, c -> out.accept(
          row, c, k.let("position", Values.load(positions, Values.add(sorted, c)))));
    });
    return new KernelPlan(items + " work items that merge runs of rows", List.of(k.launch(items, 1)),
        List.of(entries * keyType.bytes(), entries * DType.I32.bytes()));
  }

  /** Merges runs of {@code 1 << pass} entries by twos. */
  private void pass(LaunchBuilder k, Memory keys, Memory positions, Value base, Value pass) {
    DType index = base.type().dtype();
    Value odd = Values.binary(BinaryOp.AND, pass, Values.index(1));
    Value shift = Values.mul(Values.cast(odd, index), columns);
    Value source = k.let("source", Values.add(base, shift));
    Value target = k.let("target", Values.add(base, Values.sub(Values.index(columns), shift)));
    Value width = k.let("width",
        Values.binary(BinaryOp.SHL, Values.cast(Values.index(1), index), Values.cast(pass, index)));
    Value end = Values.index(columns);
    Value twice = Values.mul(width, 2);
    Value count = Values.binary(
        BinaryOp.SHR, Values.add(Values.add(twice, columns), -1), Values.cast(Values.add(pass, 1), index));
    k.loop("run", Values.index(0), count, 1, run -> {
      Value from = k.let("from", Values.mul(run, twice));
      Value middle = k.let("middle", Values.min(Values.add(from, width), end));
      Value to = k.let("to", Values.min(Values.add(from, twice), end));
      Variable i = k.variable("i", from);
      Variable j = k.variable("j", middle);
      k.loop("o", from, to, 1, o -> {
        Value atI = k.let("at_i", Values.add(source, Values.min(Values.read(i), Values.sub(middle, 1))));
        Value atJ = k.let("at_j", Values.add(source, Values.min(Values.read(j), Values.sub(to, 1))));
        Value keyI = k.let("key_i", Values.load(keys, atI));
        Value keyJ = k.let("key_j", Values.load(keys, atJ));
        Value left = k.let("left", Values.and(
            Values.binary(BinaryOp.LT, Values.read(i), middle),
            Values.binary(BinaryOp.OR, Values.binary(BinaryOp.GE, Values.read(j), to),
                Values.binary(BinaryOp.LE, keyI, keyJ))));
        Value put = k.let("put", Values.add(target, o));
        k.store(keys, put, Values.select(left, keyI, keyJ));
        k.store(positions, put, Values.load(positions, Values.select(left, atI, atJ)));
        Value one = Values.cast(Values.index(1), index);
        Value zero = Values.cast(Values.index(0), index);
        k.assign(i, Values.add(Values.read(i), Values.select(left, one, zero)));
        k.assign(j, Values.add(Values.read(j), Values.select(left, zero, one)));
      });
    });
  }
}
