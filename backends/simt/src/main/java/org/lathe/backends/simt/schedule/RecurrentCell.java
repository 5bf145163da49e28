package org.lathe.backends.simt.schedule;

import static org.lathe.backends.simt.ir.Values.mad;

import java.util.List;
import org.lathe.backends.simt.ir.KernelBuilder;
import org.lathe.backends.simt.ir.Value;
import org.lathe.backends.simt.ir.Values;
import org.lathe.hal.expr.BinaryOp;
import org.lathe.hal.expr.UnaryOp;
import org.lathe.hal.spec.Recurrence;

/** The pointwise part of recurrent cells, for one unit of a row or several side by side. */
final class RecurrentCell {
  private RecurrentCell() {}

  /**
   * What a step gives.
   *
   * @param reserve for the backward pass, in the order of {@link Recurrence}
   */
  record Step(Value state, Value cell, List<Value> reserve) {}

  /**
   * The gradients of one step.
   *
   * @param projected of each gate's projected input
   * @param recurrent of each gate's recurrent product
   * @param cellBefore LSTM: of the cell before; otherwise nothing of use
   * @param direct GRU: the part of the gradient of the state before that does not pass the product
   */
  record Gradients(List<Value> projected, List<Value> recurrent, Value cellBefore, Value direct) {}

  /**
   * @param p projected inputs, one a gate
   * @param u recurrent products, with the GRU's bias, one a gate
   * @param before the LSTM's cell or the GRU's state before; not used by the plain cell
   */
  static Step step(KernelBuilder k, Recurrence.Cell cell, List<Value> p, List<Value> u, Value before) {
    return switch (cell) {
      case PLAIN -> {
        Value h = k.let("h", tanh(plus(p.get(0), u.get(0))));
        yield new Step(h, h, List.of());
      }
      case LSTM -> {
        Value in = k.let("in", sigmoid(plus(p.get(0), u.get(0))));
        Value forget = k.let("forget", sigmoid(plus(p.get(1), u.get(1))));
        Value fresh = k.let("fresh", tanh(plus(p.get(2), u.get(2))));
        Value open = k.let("open", sigmoid(plus(p.get(3), u.get(3))));
        Value c = k.let("c", mad(forget, before, times(in, fresh)));
        Value h = k.let("h", times(open, tanh(c)));
        yield new Step(h, c, List.of(in, forget, fresh, open));
      }
      case GRU -> {
        Value reset = k.let("reset", sigmoid(plus(p.get(0), u.get(0))));
        Value update = k.let("update", sigmoid(plus(p.get(1), u.get(1))));
        Value fresh = k.let("fresh", tanh(mad(reset, u.get(2), p.get(2))));
        Value h = k.let("h", mad(update, before, times(complement(update), fresh)));
        yield new Step(h, h, List.of(reset, update, fresh, u.get(2)));
      }
    };
  }

  /**
   * @param reserve what the step kept
   * @param now PLAIN: the step's state; LSTM: its cell
   * @param before the LSTM's cell or the GRU's state before
   * @param dState the gradient of the step's state
   * @param dCell LSTM: the gradient of the step's cell from the step after
   */
  static Gradients gradients(
      KernelBuilder k,
      Recurrence.Cell cell,
      List<Value> reserve,
      Value now,
      Value before,
      Value dState,
      Value dCell) {
    return switch (cell) {
      case PLAIN -> {
        Value z = k.let("dz", times(dState, oneMinusSquare(now)));
        yield new Gradients(List.of(z), List.of(z), z, z);
      }
      case LSTM -> {
        Value in = reserve.get(0);
        Value forget = reserve.get(1);
        Value fresh = reserve.get(2);
        Value open = reserve.get(3);
        Value tanhC = k.let("tanhc", tanh(now));
        Value dc = k.let("dc", mad(times(dState, open), oneMinusSquare(tanhC), dCell));
        List<Value> dz = List.of(
            k.let("dzi", times(times(dc, fresh), slope(in))),
            k.let("dzf", times(times(dc, before), slope(forget))),
            k.let("dzg", times(times(dc, in), oneMinusSquare(fresh))),
            k.let("dzo", times(times(dState, tanhC), slope(open))));
        yield new Gradients(dz, dz, times(dc, forget), dc);
      }
      case GRU -> {
        Value reset = reserve.get(0);
        Value update = reserve.get(1);
        Value fresh = reserve.get(2);
        Value dn = k.let("dpn", times(times(dState, complement(update)), oneMinusSquare(fresh)));
        Value dr = k.let("dpr", times(times(dn, reserve.get(3)), slope(reset)));
        Value dz = k.let("dpz", times(times(dState, minus(before, fresh)), slope(update)));
        Value du = k.let("dun", times(dn, reset));
        yield new Gradients(List.of(dr, dz, dn), List.of(dr, dz, du), dn, times(dState, update));
      }
    };
  }

  private static Value tanh(Value x) {
    return Values.unary(UnaryOp.TANH, x);
  }

  private static Value sigmoid(Value x) {
    return Values.unary(UnaryOp.SIGMOID, x);
  }

  static Value plus(Value a, Value b) {
    return Values.binary(BinaryOp.ADD, a, b);
  }

  private static Value minus(Value a, Value b) {
    return Values.binary(BinaryOp.SUB, a, b);
  }

  private static Value times(Value a, Value b) {
    return Values.binary(BinaryOp.MUL, a, b);
  }

  private static Value complement(Value x) {
    return minus(Values.constant(x.type().dtype(), 1), x);
  }

  private static Value slope(Value y) {
    return times(y, complement(y));
  }

  private static Value oneMinusSquare(Value y) {
    return minus(Values.constant(y.type().dtype(), 1), times(y, y));
  }
}
