package org.lathe.backends.cpu;

import static org.lathe.backends.cpu.Memory.ALL;
import static org.lathe.backends.cpu.Memory.ORDER;

import java.lang.invoke.MethodHandles;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * {@link CellMath} of f32 on the Vector API: small loops, each compiled by itself. All loops over one row follow each
 * other while it is in the first cache. One loop for a whole cell has more nodes than C2 inlines, and boxes its vectors;
 * one with a tanh and five loads boxed a vector now and then.
 */
final class VectorCellMath implements CellMath {
  private static final VectorSpecies<Float> S = FloatVector.SPECIES_PREFERRED;
  private static final int VECTOR = S.vectorByteSize();

  private static final Outlined SIGMOID = new Outlined(MethodHandles.lookup(), "sigmoidLoop", 4);
  private static final Outlined TANH = new Outlined(MethodHandles.lookup(), "tanhLoop", 4);
  private static final Outlined LSTM_CELL = new Outlined(MethodHandles.lookup(), "lstmCellLoop", 4);
  private static final Outlined LSTM_STATE = new Outlined(MethodHandles.lookup(), "lstmStateLoop", 3);
  private static final Outlined GRU_GATE = new Outlined(MethodHandles.lookup(), "gruGateLoop", 4);
  private static final Outlined GRU_CANDIDATE = new Outlined(MethodHandles.lookup(), "gruCandidateLoop", 5);
  private static final Outlined GRU_STATE = new Outlined(MethodHandles.lookup(), "gruStateLoop", 4);
  private static final Outlined PLAIN_BACKWARD = new Outlined(MethodHandles.lookup(), "plainBackwardLoop", 4);
  private static final Outlined TANH_OF = new Outlined(MethodHandles.lookup(), "tanhOfLoop", 2);
  private static final Outlined LSTM_OUTPUT_BACKWARD = new Outlined(
      MethodHandles.lookup(), "lstmOutputBackwardLoop", 5);
  private static final Outlined LSTM_CELL_BACKWARD = new Outlined(MethodHandles.lookup(), "lstmCellBackwardLoop", 5);
  private static final Outlined GRU_STATE_BACKWARD = new Outlined(MethodHandles.lookup(), "gruStateBackwardLoop", 7);
  private static final Outlined GRU_RESET_BACKWARD = new Outlined(MethodHandles.lookup(), "gruResetBackwardLoop", 4);

  @Override
  public void plain(long product, long projected, long h, int n) {
    TANH.run(product, VECTOR, projected, h, n);
  }

  @Override
  public void lstm(long product, long projected, long before, long h, long c, long reserve, long stateRow, int n) {
    SIGMOID.run(product, 4 * VECTOR, projected, reserve, n);
    SIGMOID.run(product + VECTOR, 4 * VECTOR, projected + stateRow, reserve + stateRow, n);
    TANH.run(product + 2 * VECTOR, 4 * VECTOR, projected + 2 * stateRow, reserve + 2 * stateRow, n);
    SIGMOID.run(product + 3 * VECTOR, 4 * VECTOR, projected + 3 * stateRow, reserve + 3 * stateRow, n);
    LSTM_CELL.run(reserve, stateRow, before, c, n);
    LSTM_STATE.run(c, reserve + 3 * stateRow, h, n);
  }

  @Override
  public void gru(long product, long projected, long bias, long before, long h, long reserve, long stateRow, int n) {
    GRU_GATE.run(product, projected, bias, reserve, n);
    GRU_GATE.run(product + VECTOR, projected + stateRow, bias + stateRow, reserve + stateRow, n);
    GRU_CANDIDATE.run(
        product + 2 * VECTOR, projected + 2 * stateRow, bias + 2 * stateRow, reserve, stateRow, n);
    GRU_STATE.run(reserve, stateRow, before, h, n);
  }

  @Override
  public void plainBackward(long state, long gradient, long dh, long dz, int n) {
    PLAIN_BACKWARD.run(state, gradient, dh, dz, n);
  }

  @Override
  public void lstmBackward(
      long reserve, long cell, long before, long gradient, long dh, long dc, long gates, long stateRow, int n) {
    TANH_OF.run(cell, gates + 3 * stateRow, n);
    LSTM_OUTPUT_BACKWARD.run(reserve + 3 * stateRow, gradient, dh, dc, gates + 3 * stateRow, n);
    LSTM_CELL_BACKWARD.run(reserve, stateRow, before, dc, gates, n);
  }

  @Override
  public void gruBackward(
      long reserve, long before, long gradient, long dh, long dProjected, long dRecurrent, long stateRow, int n) {
    GRU_STATE_BACKWARD.run(
        reserve + stateRow, before, gradient, dh, dProjected + stateRow, dRecurrent + stateRow, stateRow, n);
    GRU_RESET_BACKWARD.run(reserve, dProjected, dRecurrent, stateRow, n);
  }

  private static FloatVector load(long address) {
    return FloatVector.fromMemorySegment(S, ALL, address, ORDER);
  }

  /** @param step from one vector of the gate's products to the next */
  private static void sigmoidLoop(long product, long step, long projected, long to, int n) {
    for (int u = 0; u < n; u += S.length()) {
      VectorFunctions.sigmoid(load(projected + 4L * u).add(load(product))).intoMemorySegment(ALL, to + 4L * u, ORDER);
      product += step;
    }
  }

  private static void tanhLoop(long product, long step, long projected, long to, int n) {
    for (int u = 0; u < n; u += S.length()) {
      VectorFunctions.tanh(load(projected + 4L * u).add(load(product))).intoMemorySegment(ALL, to + 4L * u, ORDER);
      product += step;
    }
  }

  private static void lstmCellLoop(long gates, long stateRow, long before, long c, int n) {
    for (int u = 0; u < n; u += S.length()) {
      long at = gates + 4L * u;
      FloatVector in = load(at).mul(load(at + 2 * stateRow));
      load(at + stateRow).fma(load(before + 4L * u), in).intoMemorySegment(ALL, c + 4L * u, ORDER);
    }
  }

  private static void lstmStateLoop(long c, long out, long h, int n) {
    for (int u = 0; u < n; u += S.length()) {
      VectorFunctions.tanh(load(c + 4L * u)).mul(load(out + 4L * u)).intoMemorySegment(ALL, h + 4L * u, ORDER);
    }
  }

  private static void gruGateLoop(long product, long projected, long bias, long to, int n) {
    for (int i = 0; i < n; i += S.length()) {
      FloatVector u = load(product + 12L * i).add(load(bias + 4L * i));
      VectorFunctions.sigmoid(u.add(load(projected + 4L * i))).intoMemorySegment(ALL, to + 4L * i, ORDER);
    }
  }

  private static void gruCandidateLoop(long product, long projected, long bias, long reserve, long stateRow, int n) {
    for (int i = 0; i < n; i += S.length()) {
      long to = reserve + 4L * i;
      FloatVector u = load(product + 12L * i).add(load(bias + 4L * i));
      u.intoMemorySegment(ALL, to + 3 * stateRow, ORDER);
      FloatVector x = load(to).fma(u, load(projected + 4L * i));
      VectorFunctions.tanh(x).intoMemorySegment(ALL, to + 2 * stateRow, ORDER);
    }
  }

  private static void gruStateLoop(long reserve, long stateRow, long before, long h, int n) {
    FloatVector one = FloatVector.broadcast(S, 1);
    for (int i = 0; i < n; i += S.length()) {
      long at = reserve + 4L * i;
      FloatVector z = load(at + stateRow);
      FloatVector fresh = one.sub(z).mul(load(at + 2 * stateRow));
      z.fma(load(before + 4L * i), fresh).intoMemorySegment(ALL, h + 4L * i, ORDER);
    }
  }

  private static void plainBackwardLoop(long state, long gradient, long dh, long dz, int n) {
    FloatVector one = FloatVector.broadcast(S, 1);
    for (int i = 0; i < n; i += S.length()) {
      FloatVector h = load(state + 4L * i);
      FloatVector d = load(gradient + 4L * i).add(load(dh + 4L * i));
      d.mul(one.sub(h.mul(h))).intoMemorySegment(ALL, dz + 4L * i, ORDER);
    }
  }

  private static void tanhOfLoop(long x, long y, int n) {
    for (int u = 0; u < n; u += S.length()) {
      VectorFunctions.tanh(load(x + 4L * u)).intoMemorySegment(ALL, y + 4L * u, ORDER);
    }
  }

  /** The gradient of zo in the place of the cell's tanh, and that of the cell at this step in the place of {@code dc}. */
  private static void lstmOutputBackwardLoop(long out, long gradient, long dh, long dc, long dOut, int n) {
    FloatVector one = FloatVector.broadcast(S, 1);
    for (int u = 0; u < n; u += S.length()) {
      FloatVector o = load(out + 4L * u);
      FloatVector through = load(gradient + 4L * u).add(load(dh + 4L * u)).mul(o);
      FloatVector t = load(dOut + 4L * u);
      through.mul(one.sub(t.mul(t))).add(load(dc + 4L * u)).intoMemorySegment(ALL, dc + 4L * u, ORDER);
      through.mul(t).mul(one.sub(o)).intoMemorySegment(ALL, dOut + 4L * u, ORDER);
    }
  }

  private static void lstmCellBackwardLoop(long reserve, long stateRow, long before, long dc, long gates, int n) {
    FloatVector one = FloatVector.broadcast(S, 1);
    for (int u = 0; u < n; u += S.length()) {
      long from = reserve + 4L * u;
      long to = gates + 4L * u;
      FloatVector c = load(dc + 4L * u);
      FloatVector i = load(from);
      FloatVector g = load(from + 2 * stateRow);
      c.mul(g).mul(i).mul(one.sub(i)).intoMemorySegment(ALL, to, ORDER);
      c.mul(i).mul(one.sub(g.mul(g))).intoMemorySegment(ALL, to + 2 * stateRow, ORDER);
      FloatVector f = load(from + stateRow);
      FloatVector kept = c.mul(f);
      kept.mul(load(before + 4L * u)).mul(one.sub(f)).intoMemorySegment(ALL, to + stateRow, ORDER);
      kept.intoMemorySegment(ALL, dc + 4L * u, ORDER);
    }
  }

  /** The gradients of pz, uz and pn; {@code reserve} and the gradients begin at z. */
  private static void gruStateBackwardLoop(
      long reserve, long before, long gradient, long dh, long dProjected, long dRecurrent, long stateRow, int n) {
    FloatVector one = FloatVector.broadcast(S, 1);
    for (int i = 0; i < n; i += S.length()) {
      FloatVector h = load(gradient + 4L * i).add(load(dh + 4L * i));
      FloatVector z = load(reserve + 4L * i);
      FloatVector candidate = load(reserve + stateRow + 4L * i);
      FloatVector kept = h.mul(z);
      kept.intoMemorySegment(ALL, dh + 4L * i, ORDER);
      FloatVector dn = h.mul(one.sub(z)).mul(one.sub(candidate.mul(candidate)));
      dn.intoMemorySegment(ALL, dProjected + stateRow + 4L * i, ORDER);
      FloatVector dz = kept.mul(load(before + 4L * i).sub(candidate)).mul(one.sub(z));
      dz.intoMemorySegment(ALL, dProjected + 4L * i, ORDER);
      dz.intoMemorySegment(ALL, dRecurrent + 4L * i, ORDER);
    }
  }

  /** From the gradient of pn those of un, pr and ur. */
  private static void gruResetBackwardLoop(long reserve, long dProjected, long dRecurrent, long stateRow, int n) {
    FloatVector one = FloatVector.broadcast(S, 1);
    for (int i = 0; i < n; i += S.length()) {
      FloatVector r = load(reserve + 4L * i);
      FloatVector du = load(dProjected + 2 * stateRow + 4L * i).mul(r);
      du.intoMemorySegment(ALL, dRecurrent + 2 * stateRow + 4L * i, ORDER);
      FloatVector dr = du.mul(load(reserve + 3 * stateRow + 4L * i)).mul(one.sub(r));
      dr.intoMemorySegment(ALL, dProjected + 4L * i, ORDER);
      dr.intoMemorySegment(ALL, dRecurrent + 4L * i, ORDER);
    }
  }
}
