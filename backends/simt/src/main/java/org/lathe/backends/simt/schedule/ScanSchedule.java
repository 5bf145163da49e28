package org.lathe.backends.simt.schedule;

import java.util.ArrayList;
import java.util.List;
import org.lathe.backends.simt.ir.Memory;
import org.lathe.backends.simt.ir.Parameter.Access;
import org.lathe.backends.simt.ir.Value;
import org.lathe.backends.simt.ir.Values;
import org.lathe.backends.simt.ir.Variable;
import org.lathe.backends.simt.plan.KernelPlan;
import org.lathe.backends.simt.plan.Launch;
import org.lathe.backends.simt.plan.LaunchBuilder;
import org.lathe.backends.simt.plan.Site;
import org.lathe.backends.simt.plan.Traits;
import org.lathe.hal.DType;
import org.lathe.hal.Dims;
import org.lathe.hal.expr.BinaryOp;
import org.lathe.hal.expr.Combiner;
import org.lathe.hal.spec.Scan;
import org.lathe.hal.spec.View;

/**
 * Running combinations. A line is scanned in order by one work item, lines side by side as vectors; on GPUs lines of
 * contiguous elements are scanned by a group. Where there are too few lines, each is cut into shares: a first launch
 * combines each share, a second scans it from what those before combine to.
 *
 * <p>Sums of f32 are kept in f64 where the device has it and one work item adds many.
 */
final class ScanSchedule implements Schedule<Scan> {
  private static final int GROUP = 256;
  private static final long SHARE_ELEMENTS = 1024;
  private static final int MOST_SHARES = 128;
  /** Lines that keep a compute unit of a GPU busy. */
  private static final long BUSY = 512;

  @Override
  public KernelPlan plan(Scan spec, Site site, Tuning tuning) {
    if (spec.outer() * spec.length() * spec.inner() == 0) {
      return KernelPlan.nothing();
    }
    return new Writer(spec, site).plan();
  }

  private static final class Writer {
    private final Scan spec;
    private final Site site;
    private final Traits traits;
    private final Dims data;
    private final View view;
    private final boolean byGroups;
    private final Fold.Kind kind;
    private final long shares;
    private final long each;

    Writer(Scan spec, Site site) {
      this.spec = spec;
      this.site = site;
      traits = site.traits();
      data = Dims.of(spec.outer(), spec.length(), spec.inner());
      view = View.dense(spec.dtype(), data);
      byGroups = traits.isGpu() && spec.inner() == 1 && spec.length() > 1;
      DType compute = spec.dtype().compute();
      boolean exact = compute == DType.F32 && traits.hasF64() && !traits.isGpu()
          && (spec.combiner() == Combiner.SUM || spec.combiner() == Combiner.PRODUCT);
      kind = new Fold.Kind(spec.combiner(), exact ? DType.F64 : compute);
      long lines = spec.outer() * spec.inner();
      long wanted = byGroups
          ? 4L * traits.computeUnits()
          : traits.isGpu() ? BUSY * traits.computeUnits() : Sweep.items(traits, 2.0 * data.product());
      long units = traits.isGpu() ? lines : spec.outer() * Math.ceilDiv(spec.inner(), 4L * traits.floatLanes());
      long fits = Math.clamp(spec.length() / SHARE_ELEMENTS, 1, MOST_SHARES);
      each = Math.ceilDiv(spec.length(), Math.clamp(wanted / units, 1, fits));
      shares = Math.ceilDiv(spec.length(), each);
    }

    KernelPlan plan() {
      String how = (byGroups ? "a group" : "a work item") + " for each line";
      if (shares == 1) {
        return KernelPlan.of(how, scan());
      }
      long bytes = spec.outer() * shares * spec.inner() * kind.dtype().bytes();
      return new KernelPlan(how + " in " + shares + " shares", List.of(combine(), scan()), List.of(bytes));
    }

    private Dims lines() {
      return Dims.of(spec.outer(), shares, spec.inner());
    }

    private Memory partial(LaunchBuilder k, Access access) {
      return k.workspace(0, "partial", kind.dtype(), lines().product(), access);
    }

    /** What each share combines to. */
    private Launch combine() {
      LaunchBuilder k = new LaunchBuilder("scan_shares", spec, site);
      Memory in = k.input(0, "in");
      Memory partial = partial(k, Access.WRITE);
      View dense = View.dense(kind.dtype(), lines());
      if (byGroups) {
        Tree tree = new Tree(k, group(), 1, List.of(kind));
        List<Value> at = Accesses.coordinates(k, Accesses.unit(k, lines().product(), 1, Values.index(0)), lines());
        Fold fold = Fold.start(k, kind, 1);
        Value from = from(at);
        k.loop("i", Values.add(from, tree.member), to(from), tree.team,
            i -> fold.take(element(k, in, Cursor.at(data, at), i), i, null));
        tree.combine(0, fold);
        k.when(Values.equal(tree.member, 0), () -> Cursor.at(lines(), at).write(k, partial, dense, fold.value()));
        return k.launch(Dims.of(lines().product(), 1, 1), Dims.of(tree.team, 1, 1));
      }
      return points(k, List.of(dense)).launch(data.product(), line -> {
        Fold fold = Fold.start(k, kind, line.lanes());
        Value from = k.let("from", from(line.at()));
        k.loop("i", from, to(from), 1, i -> fold.take(element(k, in, line, i), i, null));
        line.write(k, partial, dense, fold.value());
      });
    }

    private Launch scan() {
      LaunchBuilder k = new LaunchBuilder("scan", spec, site);
      Memory in = k.input(0, "in");
      Memory out = k.output(0, "out");
      List<Memory> partial = shares == 1 ? List.of() : List.of(partial(k, Access.READ));
      if (byGroups) {
        return groups(k, in, out, partial);
      }
      return points(k, List.of()).launch(2.0 * data.product(), line -> {
        Variable sum = before(k, partial, line);
        Value from = k.let("from", from(line.at()));
        k.loop("i", from, to(from), 1, i -> {
          Value x = k.let("x", element(k, in, line, i));
          Value next = k.let("next", kind.combine(Values.read(sum), x));
          store(k, out, line, i, spec.exclusive() ? Values.read(sum) : next);
          k.assign(sum, next);
        });
      });
    }

    private Points points(LaunchBuilder k, List<View> views) {
      return new Points(k, site, lines(), views,
          traits.isGpu() ? 1 : Vectors.lanes(spec.inner(), traits), site.aliasedOutputs().isEmpty());
    }

    /** The first element of a share of a line. */
    private Value from(List<Value> at) {
      return Values.mul(at.get(1), each);
    }

    private Value to(Value from) {
      Value end = Values.add(from, each);
      return spec.length() % each == 0 ? end : Values.min(end, Values.index(spec.length()));
    }

    /** Where element {@code i} of the order of scanning is. */
    private Cursor at(Cursor line, Value i) {
      Value place = spec.reverse() ? Values.sub(Values.index(spec.length() - 1), i) : i;
      List<Value> at = new ArrayList<>(line.at());
      at.set(1, place);
      return new Cursor(data, at, line.along(), line.lanes(), line.from(), line.to());
    }

    private Value element(LaunchBuilder k, Memory in, Cursor line, Value i) {
      return Values.cast(at(line, i).read(k, in, view), kind.dtype());
    }

    private void store(LaunchBuilder k, Memory out, Cursor line, Value i, Value value) {
      at(line, i).write(k, out, view, Values.cast(value, spec.dtype().compute()));
    }

    /** What the shares before this one combine to. */
    private Variable before(LaunchBuilder k, List<Memory> partial, Cursor line) {
      Variable sum = k.variable("sum", Values.splat(kind.identity(), line.lanes()));
      if (!partial.isEmpty()) {
        View dense = View.dense(kind.dtype(), lines());
        k.loop("share", Values.index(0), line.at().get(1), 1, s -> k.assign(
            sum, kind.combine(Values.read(sum), line.moved(1, s).read(k, partial.getFirst(), dense))));
      }
      return sum;
    }

    private int group() {
      int most = Integer.highestOneBit(Math.min(GROUP, traits.maxGroup()));
      return (int) Math.min(most, Math.max(2, Long.highestOneBit(2 * each - 1)));
    }

    /** A tile of as many elements as a group has work items at a time, scanned in local memory. */
    private Launch groups(LaunchBuilder k, Memory in, Memory out, List<Memory> partial) {
      int group = group();
      Memory tile = k.local("tile", kind.dtype(), group);
      Value me = k.let("me", Values.localId(0));
      List<Value> at = Accesses.coordinates(k, Accesses.unit(k, lines().product(), 1, Values.index(0)), lines());
      Cursor line = Cursor.at(lines(), at);
      Variable sum = before(k, partial, line);
      Value from = k.let("from", from(at));
      Value to = k.let("to", to(from));
      k.loop("first", from, to, group, first -> {
        Value i = k.let("i", Values.add(first, me));
        Value inside = k.let("inside", Values.binary(BinaryOp.LT, i, to));
        Variable x = k.variable("x", kind.identity());
        k.when(inside, () -> k.assign(x, element(k, in, line, i)));
        k.store(tile, me, Values.read(x));
        k.barrier();
        k.loop("level", Integer.numberOfTrailingZeros(group), level -> {
          Value distance = k.let("distance", Values.binary(BinaryOp.SHL, Values.index(1), level));
          Value reaches = k.let("reaches", Values.binary(BinaryOp.GE, me, distance));
          k.when(reaches, () -> k.assign(x,
              kind.combine(Values.load(tile, Values.sub(me, distance)), Values.read(x))));
          k.barrier();
          k.store(tile, me, Values.read(x));
          k.barrier();
        });
        Variable result = k.variable("result", Values.read(sum));
        if (spec.exclusive()) {
          k.when(Values.binary(BinaryOp.GT, me, Values.index(0)), () -> k.assign(
              result, kind.combine(Values.read(sum), Values.load(tile, Values.sub(me, 1)))));
        } else {
          k.assign(result, kind.combine(Values.read(sum), Values.read(x)));
        }
        k.when(inside, () -> store(k, out, line, i, Values.read(result)));
        k.assign(sum, kind.combine(Values.read(sum), Values.load(tile, Values.index(group - 1))));
        k.barrier();
      });
      return k.launch(Dims.of(lines().product(), 1, 1), Dims.of(group, 1, 1));
    }
  }
}
