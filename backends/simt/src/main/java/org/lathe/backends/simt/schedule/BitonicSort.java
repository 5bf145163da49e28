package org.lathe.backends.simt.schedule;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.lathe.backends.simt.ir.KernelBuilder;
import org.lathe.backends.simt.ir.Memory;
import org.lathe.backends.simt.ir.Parameter.Access;
import org.lathe.backends.simt.ir.Value;
import org.lathe.backends.simt.ir.Values;
import org.lathe.backends.simt.plan.Launch;
import org.lathe.backends.simt.plan.LaunchBuilder;
import org.lathe.backends.simt.plan.Site;
import org.lathe.backends.simt.plan.Traits;
import org.lathe.hal.DType;
import org.lathe.hal.Dims;
import org.lathe.hal.expr.BinaryOp;
import org.lathe.hal.spec.KernelSpec;

/**
 * Sorts rows of keys with their positions on GPUs, by a bitonic network. Rows are filled up to a power of two. What fits
 * is sorted in local memory, several short rows at once; longer rows are merged by launches in between.
 */
final class BitonicSort {
  private static final int GROUP = 256;
  private static final long BLOCK = 2048;

  private final KernelSpec spec;
  private final Site site;
  private final DType keyType;
  private final long rows;
  private final long columns;
  /** The columns of a filled row. */
  private final long padded;
  /** The entries that a group sorts in local memory. */
  private final long block;
  private final long blocks;
  private final int group;

  /** Where keys come from. */
  interface Source {
    Source NONE = (_, _) -> {
      throw new IllegalStateException("keys are read once");
    };

    Value key(Value row, Value column);

    /** Binds what the keys are made of. */
    interface Binder {
      Source bind(LaunchBuilder k);
    }
  }

  /** What becomes of the entry that is in column {@code column} after sorting. */
  interface Sink {
    void accept(Value row, Value column, Value position);

    interface Binder {
      Sink bind(LaunchBuilder k);
    }
  }

  BitonicSort(KernelSpec spec, Site site, DType keyType, long rows, long columns) {
    this.spec = spec;
    this.site = site;
    this.keyType = keyType;
    this.rows = rows;
    this.columns = columns;
    Traits t = site.traits();
    padded = powerOfTwo(columns);
    long fits = Long.highestOneBit(Math.clamp(t.localBytes() / (keyType.bytes() + 4L), 2, BLOCK));
    block = Math.max(2, Math.min(fits, Math.multiplyExact(powerOfTwo(rows), padded)));
    blocks = Math.ceilDiv(Math.multiplyExact(rows, padded), block);
    group = (int) Math.min(Integer.highestOneBit(Math.min(GROUP, t.maxGroup())), block / 2);
  }

  private static long powerOfTwo(long n) {
    return n <= 1 ? 1 : Long.highestOneBit(n - 1) << 1;
  }

  /** Whether one launch is enough, which needs no workspaces. */
  private boolean isShort() {
    return padded <= block;
  }

  /** Workspace 0 holds the keys, workspace 1 the positions, row after row. */
  List<Long> workspaces() {
    return List.of(entries() * keyType.bytes(), entries() * DType.I32.bytes());
  }

  /** The entries of each workspace. */
  private long entries() {
    return blocks * block;
  }

  Memory keys(LaunchBuilder k, Access access) {
    return k.workspace(0, "keys", keyType, entries(), access);
  }

  Memory positions(LaunchBuilder k, Access access) {
    return k.workspace(1, "positions", DType.I32, entries(), access);
  }

  /** Sorts, and hands the first {@code limit} entries of each row to the sink. */
  List<Launch> into(Source.Binder source, Sink.Binder sink, long limit) {
    if (isShort()) {
      LaunchBuilder k = new LaunchBuilder("sort", spec, site);
      Source keys = source.bind(k);
      Sink out = sink.bind(k);
      return List.of(blocks(k, keys, new Ends(null, null, out, limit)));
    }
    List<Launch> launches = new ArrayList<>(inWorkspaces(source));
    LaunchBuilder k = new LaunchBuilder("sort_emit", spec, site);
    Memory positions = positions(k, Access.READ);
    Sink out = sink.bind(k);
    launches.add(new Points(k, site, Dims.of(rows, limit), List.of(), 1, true).launch(rows * limit, c -> {
      Value row = c.at().get(0);
      Value column = c.at().get(1);
      Value at = Values.add(Values.mul(wide(row), padded), column);
      out.accept(row, column, k.let("position", Values.load(positions, at)));
    }));
    return launches;
  }

  /** Sorts into the workspaces. */
  List<Launch> inWorkspaces(Source.Binder source) {
    List<Launch> launches = new ArrayList<>();
    LaunchBuilder first = new LaunchBuilder("sort_blocks", spec, site);
    Source keys = source.bind(first);
    launches.add(blocks(first, keys, workspaceEnds(first, Access.WRITE)));
    for (long size = 2 * block; size <= padded; size *= 2) {
      for (long distance = size / 2; distance >= block; distance /= 2) {
        launches.add(exchange(size, distance));
      }
      launches.add(mergeBlocks(size));
    }
    return launches;
  }

  /** Where a kernel leaves sorted entries: in workspaces, or at a sink. */
  private record Ends(@Nullable Memory keys,
      @Nullable Memory positions, @Nullable Sink sink, long limit) {}

  private Ends workspaceEnds(LaunchBuilder k, Access access) {
    return new Ends(keys(k, access), positions(k, access), null, 0);
  }

  private Value wide(Value index) {
    return entries() > Integer.MAX_VALUE ? Values.cast(index, DType.I64) : index;
  }

  /** The entries of a block in local memory. */
  private final class Local {
    final KernelBuilder k;
    final Memory keys;
    final Memory positions;
    final Value me;
    /** The number of the block's first entry. */
    final Value base;

    Local(KernelBuilder k) {
      this.k = k;
      keys = k.local("block_keys", keyType, block);
      positions = k.local("block_positions", DType.I32, block);
      me = k.let("me", Values.localId(0));
      base = k.let("base", Values.mul(wide(Values.groupId(0)), block));
    }

    void each(long count, Consumer<Value> body) {
      k.loop("e", me, Values.index(count), group, body);
    }

    /** One round of compare-exchanges over {@code distance}; ascending where {@code direction} says so. */
    void exchange(Value distance, UnaryOperator<Value> ascends) {
      k.barrier();
      each(block / 2, q -> {
        Value i = k.let("i", Values.sub(Values.mul(q, 2),
            Values.binary(BinaryOp.AND, q, Values.sub(distance, 1))));
        Value j = k.let("j", Values.add(i, distance));
        swap(k, keys, positions, i, j, ascends.apply(i));
      });
    }

    void leave(Ends ends) {
      k.barrier();
      each(block, e -> {
        Value entry = k.let("entry", Values.add(base, e));
        Memory keysOut = ends.keys();
        Memory positionsOut = ends.positions();
        Sink sink = ends.sink();
        if (keysOut != null && positionsOut != null) {
          k.store(keysOut, entry, Values.load(keys, e));
          k.store(positionsOut, entry, Values.load(positions, e));
        }
        if (sink != null) {
          Value row = k.let("row", Values.div(entry, padded));
          Value column = k.let("column", Values.rem(entry, padded));
          k.when(Values.and(Values.less(row, rows), Values.less(column, ends.limit())),
              () -> sink.accept(row, column, k.let("position", Values.load(positions, e))));
        }
      });
    }
  }

  private static void swap(KernelBuilder k, Memory keys, Memory positions, Value i, Value j, Value ascending) {
    Value keyI = k.let("key_i", Values.load(keys, i));
    Value keyJ = k.let("key_j", Values.load(keys, j));
    Value atI = k.let("at_i", Values.load(positions, i));
    Value atJ = k.let("at_j", Values.load(positions, j));
    Value after = SortKeys.after(keyI, atI, keyJ, atJ);
    k.when(Values.binary(BinaryOp.EQ, after, ascending), () -> {
      k.store(keys, i, keyJ);
      k.store(keys, j, keyI);
      k.store(positions, i, atJ);
      k.store(positions, j, atI);
    });
  }

  /** Whether entry {@code entry} is in an ascending run of {@code size} entries. */
  private Value ascends(Value entry, Value size) {
    Value column = Values.binary(BinaryOp.AND, entry, Values.index(padded - 1));
    Value bit = Values.binary(BinaryOp.AND, column, size);
    return Values.binary(BinaryOp.EQ, bit, Values.cast(Values.index(0), bit.type().dtype()));
  }

  /** Sorts each block, up and down in turn. */
  private Launch blocks(LaunchBuilder k, Source source, Ends ends) {
    Local local = new Local(k);
    local.each(block, e -> {
      Value entry = k.let("entry", Values.add(local.base, e));
      Value row = k.let("row", Values.div(entry, padded));
      Value column = k.let("column", Values.cast(Values.rem(entry, padded), DType.I32));
      var key = k.variable("key", SortKeys.last(keyType));
      k.when(Values.and(Values.less(row, rows), Values.less(column, columns)),
          () -> k.assign(key, source.key(row, column)));
      k.store(local.keys, e, Values.read(key));
      k.store(local.positions, e, column);
    });
    int levels = Long.numberOfTrailingZeros(Math.min(padded, block));
    k.loop("level", levels, level -> k.loop("step", Values.index(0), Values.add(level, 1), 1, step -> {
      Value distance = k.let("distance",
          Values.binary(BinaryOp.SHL, Values.index(1), Values.sub(level, step)));
      Value size = k.let("size", Values.binary(BinaryOp.SHL, Values.index(2), level));
      local.exchange(distance, i -> ascends(Values.add(local.base, i), size));
    }));
    local.leave(ends);
    return k.launch(Dims.of(blocks, 1, 1), Dims.of(group, 1, 1));
  }

  /** One round over a distance of whole blocks, in runs of {@code size}. */
  private Launch exchange(long size, long distance) {
    LaunchBuilder k = new LaunchBuilder("sort_exchange", spec, site);
    Ends ends = workspaceEnds(k, Access.READ_WRITE);
    DType dtype = entries() > Integer.MAX_VALUE ? DType.I64 : DType.I32;
    Value run = Values.argument(k.number("run", dtype, size));
    Value over = Values.argument(k.number("over", dtype, distance));
    long pairs = entries() / 2;
    Value q = Accesses.item(k, pairs, group);
    k.when(Values.less(q, pairs), () -> {
      Value i = k.let("i", Values.sub(Values.mul(q, 2), Values.binary(BinaryOp.AND, q, Values.sub(over, 1))));
      Value j = k.let("j", Values.add(i, over));
      swap(k, Objects.requireNonNull(ends.keys()), Objects.requireNonNull(ends.positions()), i, j,
          ascends(i, run));
    });
    return k.launch(pairs, group);
  }

  /** The rounds of a merge of runs of {@code size} that stay within blocks. */
  private Launch mergeBlocks(long size) {
    LaunchBuilder k = new LaunchBuilder("sort_merge", spec, site);
    Ends ends = workspaceEnds(k, Access.READ_WRITE);
    DType dtype = entries() > Integer.MAX_VALUE ? DType.I64 : DType.I32;
    Value run = Values.argument(k.number("run", dtype, size));
    Local local = new Local(k);
    local.each(block, e -> {
      Value entry = Values.add(local.base, e);
      k.store(local.keys, e, Values.load(Objects.requireNonNull(ends.keys()), entry));
      k.store(local.positions, e, Values.load(Objects.requireNonNull(ends.positions()), entry));
    });
    k.loop("step", Long.numberOfTrailingZeros(block), step -> {
      Value distance = k.let("distance", Values.binary(BinaryOp.SHR, Values.index(block / 2), step));
      local.exchange(distance, i -> ascends(Values.add(local.base, i), run));
    });
    local.leave(ends);
    return k.launch(Dims.of(blocks, 1, 1), Dims.of(group, 1, 1));
  }
}
