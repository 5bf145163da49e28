package org.lathe.backends.simt.schedule;

import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.lathe.backends.simt.ir.KernelBuilder;
import org.lathe.backends.simt.ir.Memory;
import org.lathe.backends.simt.ir.Type;
import org.lathe.backends.simt.ir.Value;
import org.lathe.backends.simt.ir.Values;
import org.lathe.backends.simt.ir.Variable;
import org.lathe.hal.DType;
import org.lathe.hal.expr.BinaryOp;
import org.lathe.hal.expr.Combiner;
import org.lathe.hal.expr.UnaryOp;

/**
 * A running combination in variables of a work item, in each lane one.
 *
 * <p>An index combiner keeps the best value and its position. Until an element is better than the identity the position is
 * {@link #NOWHERE}, which is beyond all others: then all elements equal the identity, and the first of them is the answer.
 */
final class Fold {
  private static final Value NOWHERE = Values.index(Integer.MAX_VALUE);

  private final KernelBuilder k;
  private final Kind kind;
  private final Variable value;
  private final @Nullable Variable position;

  /** What is combined how; {@code dtype} is the elements' compute type. */
  record Kind(Combiner combiner, DType dtype) {
    boolean isIndex() {
      return combiner == Combiner.ARGMAX || combiner == Combiner.ARGMIN;
    }

    private boolean isMax() {
      return combiner == Combiner.MAX || combiner == Combiner.ARGMAX;
    }

    /** What changes nothing when it is combined with others, as a value. */
    Value identity() {
      return switch (combiner) {
        case SUM -> Values.constant(dtype, 0);
        case PRODUCT -> Values.constant(dtype, 1);
        default -> new Value.Constant(Type.of(dtype), least(isMax()));
      };
    }

    /** The bits of the value that no other is below, or above. */
    private long least(boolean least) {
      return switch (dtype) {
        case I32 -> least ? Integer.MIN_VALUE : Integer.MAX_VALUE;
        case I64 -> least ? Long.MIN_VALUE : Long.MAX_VALUE;
        case U8 -> least ? 0 : 255;
        case BOOL -> least ? 0 : 1;
        default -> Double.doubleToLongBits(least ? Double.NEGATIVE_INFINITY : Double.POSITIVE_INFINITY);
      };
    }

    /** The combination of two values; not for indices. */
    Value combine(Value a, Value b) {
      return Values.binary(switch (combiner) {
        case SUM -> BinaryOp.ADD;
        case PRODUCT -> BinaryOp.MUL;
        case MAX -> BinaryOp.MAX;
        case MIN -> BinaryOp.MIN;
        case ARGMAX, ARGMIN -> throw new IllegalArgumentException(combiner + " does not combine values");
      }, a, b);
    }

    /** Whether {@code a} comes before {@code b} whatever their positions: it is better, or the only NaN. */
    private Value better(Value a, Value b) {
      Value beyond = Values.binary(isMax() ? BinaryOp.GT : BinaryOp.LT, a, b);
      return dtype.isFloating()
          ? Values.binary(BinaryOp.OR, beyond, Values.binary(BinaryOp.AND, isNan(a), Values.binary(BinaryOp.EQ, b, b)))
          : beyond;
    }

    private Value isNan(Value a) {
      return Values.unary(UnaryOp.IS_NAN, a);
    }

    /** Whether neither comes before the other by its value. */
    private Value ties(Value a, Value b) {
      Value equal = Values.binary(BinaryOp.EQ, a, b);
      return dtype.isFloating()
          ? Values.binary(BinaryOp.OR, equal, Values.binary(BinaryOp.AND, isNan(a), isNan(b)))
          : equal;
    }
  }

  private Fold(KernelBuilder k, Kind kind, Variable value, @Nullable Variable position) {
    this.k = k;
    this.kind = kind;
    this.value = value;
    this.position = position;
  }

  /** A combination that was saved. */
  static Fold load(KernelBuilder k, Kind kind, Store store, Value index, int lanes) {
    return of(k, kind, Values.load(store.values(), index, lanes, false),
        store.positions() == null ? NOWHERE : Values.load(store.positions(), index, lanes, false));
  }

  /** A combination of nothing, in so many lanes. */
  static Fold start(KernelBuilder k, Kind kind, int lanes) {
    return of(k, kind, Values.splat(kind.identity(), lanes), Values.splat(NOWHERE, lanes));
  }

  private static Fold of(KernelBuilder k, Kind kind, Value value, Value position) {
    return new Fold(k, kind, k.variable("acc", value), kind.isIndex() ? k.variable("where", position) : null);
  }

  /** Takes in the next element of each lane of the mask, or of all; it comes after all before in its lane. */
  void take(Value x, Value at, @Nullable Value mask) {
    if (!kind.isIndex()) {
      Value element = mask == null ? x : Values.select(mask, x, kind.identity());
      k.assign(value, kind.combine(Values.read(value), element));
      return;
    }
    Value better = kind.better(x, Values.read(value));
    update(mask == null ? better : Values.binary(BinaryOp.AND, mask, better), x, at);
  }

  /** Takes in what was combined elsewhere, from elements before or after. */
  void merge(Value x, Value at) {
    if (!kind.isIndex()) {
      k.assign(value, kind.combine(Values.read(value), x));
      return;
    }
    Value earlier = Values.binary(BinaryOp.LT, at, position());
    update(Values.binary(BinaryOp.OR, kind.better(x, Values.read(value)),
        Values.binary(BinaryOp.AND, kind.ties(x, Values.read(value)), earlier)), x, at);
  }

  private void update(Value condition, Value x, Value at) {
    Variable where = java.util.Objects.requireNonNull(position);
    Value yes = k.let("better", condition);
    k.assign(value, Values.select(yes, x, Values.read(value)));
    k.assign(where, Values.select(yes, at, Values.read(where)));
  }

  void merge(Fold other) {
    merge(other.value(), other.position());
  }

  int lanes() {
    return value.type().lanes();
  }

  /** The best value, or the combined one. */
  Value value() {
    return Values.read(value);
  }

  /** Where the best value was; anything where that does not matter. */
  Value position() {
    return position == null ? NOWHERE : Values.read(position);
  }

  /** The combination of all lanes in one. */
  Fold across() {
    Fold fold = this;
    while (!fold.value.type().isScalar()) {
      int half = fold.value.type().lanes() / 2;
      Fold low = of(k, kind, half(fold.value, 0, half), fold.position == null ? NOWHERE : half(fold.position, 0, half));
      low.merge(half(fold.value, half, half), fold.position == null ? NOWHERE : half(fold.position, half, half));
      fold = low;
    }
    return fold;
  }

  private static Value half(Variable v, int from, int lanes) {
    return Values.join(
        IntStream.range(from, from + lanes).mapToObj(l -> Values.lane(Values.read(v), l)).toList());
  }

  /** What the spec's combiner gives. */
  Value result() {
    return kind.isIndex()
        ? k.let("found", Values.select(Values.binary(BinaryOp.EQ, position(), NOWHERE), Values.index(0), position()))
        : value();
  }

  /** Where combinations are kept in memory: a value, and for an index combiner a position. */
  record Store(Memory values, @Nullable Memory positions) {}

  void save(Store store, Value index) {
    int lanes = value.type().lanes();
    k.store(store.values(), index, value());
    if (store.positions() != null) {
      k.store(store.positions(), index, Values.splat(position(), lanes));
    }
  }

  /** Takes in what was saved there. */
  void mergeFrom(Store store, Value index) {
    int lanes = value.type().lanes();
    merge(Values.load(store.values(), index, lanes, false),
        store.positions() == null ? NOWHERE : Values.load(store.positions(), index, lanes, false));
  }

  static List<Fold> start(KernelBuilder k, List<Kind> kinds, int lanes) {
    return kinds.stream().map(kind -> start(k, kind, lanes)).toList();
  }
}
