package org.lathe.backends.cpu;

import static org.lathe.backends.cpu.Memory.ALL;
import static org.lathe.backends.cpu.Memory.ORDER;

import java.lang.invoke.MethodHandles;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/** {@link CellMath} of f32 on the Vector API: small loops over planes in the first cache, each compiled by itself. */
final class VectorCellMath implements CellMath {
  private static final VectorSpecies<Float> S = FloatVector.SPECIES_PREFERRED;

  private static final Outlined SIGMOID = new Outlined(MethodHandles.lookup(), "sigmoidLoop", 1);
  private static final Outlined TANH = new Outlined(MethodHandles.lookup(), "tanhLoop", 2);
  private static final Outlined ADD = new Outlined(MethodHandles.lookup(), "addLoop", 2);
  private static final Outlined SCALE = new Outlined(MethodHandles.lookup(), "scaleLoop", 2);
  private static final Outlined LSTM_CELL = new Outlined(MethodHandles.lookup(), "lstmCellLoop", 3);
  private static final Outlined GRU_CANDIDATE = new Outlined(MethodHandles.lookup(), "gruCandidateLoop", 2);
  private static final Outlined GRU_STATE = new Outlined(MethodHandles.lookup(), "gruStateLoop", 3);
  private static final Outlined LSTM_BACKWARD = new Outlined(MethodHandles.lookup(), "lstmBackwardLoop", 6);
  private static final Outlined GRU_BACKWARD = new Outlined(MethodHandles.lookup(), "gruBackwardLoop", 4);
  private static final Outlined PLAIN_BACKWARD = new Outlined(MethodHandles.lookup(), "plainBackwardLoop", 2);

  @Override
  public void sigmoid(long x, int n) {
    SIGMOID.run(x, n);
  }

  @Override
  public void tanh(long x, long y, int n) {
    TANH.run(x, y, n);
  }

  @Override
  public void add(long x, long y, int n) {
    ADD.run(x, y, n);
  }

  @Override
  public void scale(long x, long y, int n) {
    SCALE.run(x, y, n);
  }

  @Override
  public void lstmCell(long gates, long plane, long c, int n) {
    LSTM_CELL.run(gates, plane, c, n);
  }

  @Override
  public void gruCandidate(long gates, long plane, int n) {
    GRU_CANDIDATE.run(gates, plane, n);
  }

  @Override
  public void gruState(long gates, long plane, long h, int n) {
    GRU_STATE.run(gates, plane, h, n);
  }

  @Override
  public void lstmBackward(long gates, long plane, long tanhC, long cellBefore, long dh, long dc, int n) {
    LSTM_BACKWARD.run(gates, plane, tanhC, cellBefore, dh, dc, n);
  }

  @Override
  public void gruBackward(long gates, long plane, long stateBefore, long dh, int n) {
    GRU_BACKWARD.run(gates, plane, stateBefore, dh, n);
  }

  @Override
  public void plainBackward(long state, long dh, int n) {
    PLAIN_BACKWARD.run(state, dh, n);
  }

  private static FloatVector load(long address) {
    return FloatVector.fromMemorySegment(S, ALL, address, ORDER);
  }

  private static void sigmoidLoop(long x, int n) {
    for (int i = 0; i < n; i += S.length()) {
      long at = x + 4L * i;
      VectorFunctions.sigmoid(load(at)).intoMemorySegment(ALL, at, ORDER);
    }
  }

  private static void tanhLoop(long x, long y, int n) {
    for (int i = 0; i < n; i += S.length()) {
      VectorFunctions.tanh(load(x + 4L * i)).intoMemorySegment(ALL, y + 4L * i, ORDER);
    }
  }

  private static void addLoop(long x, long y, int n) {
    for (int i = 0; i < n; i += S.length()) {
      long at = x + 4L * i;
      load(at).add(load(y + 4L * i)).intoMemorySegment(ALL, at, ORDER);
    }
  }

  private static void scaleLoop(long x, long y, int n) {
    for (int i = 0; i < n; i += S.length()) {
      long at = x + 4L * i;
      load(at).mul(load(y + 4L * i)).intoMemorySegment(ALL, at, ORDER);
    }
  }

  private static void lstmCellLoop(long gates, long plane, long c, int n) {
    for (int i = 0; i < n; i += S.length()) {
      long at = gates + 4L * i;
      FloatVector in = load(at).mul(load(at + 2 * plane));
      load(at + plane).fma(load(c + 4L * i), in).intoMemorySegment(ALL, c + 4L * i, ORDER);
    }
  }

  private static void gruCandidateLoop(long gates, long plane, int n) {
    for (int i = 0; i < n; i += S.length()) {
      long at = gates + 4L * i;
      load(at).fma(load(at + 3 * plane), load(at + 2 * plane)).intoMemorySegment(ALL, at + 2 * plane, ORDER);
    }
  }

  private static void gruStateLoop(long gates, long plane, long h, int n) {
    FloatVector one = FloatVector.broadcast(S, 1);
    for (int i = 0; i < n; i += S.length()) {
      long at = gates + 4L * i;
      FloatVector z = load(at + plane);
      FloatVector fresh = one.sub(z).mul(load(at + 2 * plane));
      z.fma(load(h + 4L * i), fresh).intoMemorySegment(ALL, h + 4L * i, ORDER);
    }
  }

  private static void lstmBackwardLoop(long gates, long plane, long tanhC, long cellBefore, long dh, long dc, int n) {
    FloatVector one = FloatVector.broadcast(S, 1);
    for (int j = 0; j < n; j += S.length()) {
      long at = gates + 4L * j;
      long o = at + 3 * plane;
      FloatVector h = load(dh + 4L * j);
      FloatVector t = load(tanhC + 4L * j);
      FloatVector out = load(o);
      FloatVector through = h.mul(out);
      FloatVector c = through.mul(one.sub(t.mul(t))).add(load(dc + 4L * j));
      h.mul(t).mul(out).mul(one.sub(out)).intoMemorySegment(ALL, o, ORDER);
      FloatVector i = load(at);
      FloatVector g = load(at + 2 * plane);
      c.mul(g).mul(i).mul(one.sub(i)).intoMemorySegment(ALL, at, ORDER);
      c.mul(i).mul(one.sub(g.mul(g))).intoMemorySegment(ALL, at + 2 * plane, ORDER);
      FloatVector f = load(at + plane);
      FloatVector kept = c.mul(f);
      kept.mul(load(cellBefore + 4L * j)).mul(one.sub(f)).intoMemorySegment(ALL, at + plane, ORDER);
      kept.intoMemorySegment(ALL, dc + 4L * j, ORDER);
    }
  }

  private static void gruBackwardLoop(long gates, long plane, long stateBefore, long dh, int n) {
    FloatVector one = FloatVector.broadcast(S, 1);
    for (int j = 0; j < n; j += S.length()) {
      long at = gates + 4L * j;
      FloatVector h = load(dh + 4L * j);
      FloatVector z = load(at + plane);
      FloatVector fresh = load(at + 2 * plane);
      FloatVector dn = h.mul(one.sub(z)).mul(one.sub(fresh.mul(fresh)));
      FloatVector kept = h.mul(z);
      kept.mul(load(stateBefore + 4L * j).sub(fresh)).mul(one.sub(z)).intoMemorySegment(ALL, at + plane, ORDER);
      FloatVector r = load(at);
      FloatVector du = dn.mul(r);
      du.mul(load(at + 3 * plane)).mul(one.sub(r)).intoMemorySegment(ALL, at, ORDER);
      dn.intoMemorySegment(ALL, at + 2 * plane, ORDER);
      du.intoMemorySegment(ALL, at + 3 * plane, ORDER);
      kept.intoMemorySegment(ALL, dh + 4L * j, ORDER);
    }
  }

  private static void plainBackwardLoop(long state, long dh, int n) {
    FloatVector one = FloatVector.broadcast(S, 1);
    for (int i = 0; i < n; i += S.length()) {
      long at = state + 4L * i;
      FloatVector h = load(at);
      load(dh + 4L * i).mul(one.sub(h.mul(h))).intoMemorySegment(ALL, at, ORDER);
    }
  }
}
