package org.lathe.backends.cpu;

import static org.lathe.backends.cpu.Memory.ALL;
import static org.lathe.backends.cpu.Memory.ORDER;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/** {@link CellMath} of f32 on the Vector API. Many small loops over planes in the first cache, so that C2 inlines each. */
final class VectorCellMath implements CellMath {
  private static final VectorSpecies<Float> S = FloatVector.SPECIES_PREFERRED;

  private static FloatVector load(long address) {
    return FloatVector.fromMemorySegment(S, ALL, address, ORDER);
  }

  @Override
  public void sigmoid(long x, int n) {
    for (int i = 0; i < n; i += S.length()) {
      long at = x + 4L * i;
      VectorFunctions.sigmoid(load(at)).intoMemorySegment(ALL, at, ORDER);
    }
  }

  @Override
  public void tanh(long x, long y, int n) {
    for (int i = 0; i < n; i += S.length()) {
      VectorFunctions.tanh(load(x + 4L * i)).intoMemorySegment(ALL, y + 4L * i, ORDER);
    }
  }

  @Override
  public void add(long x, long y, int n) {
    for (int i = 0; i < n; i += S.length()) {
      long at = x + 4L * i;
      load(at).add(load(y + 4L * i)).intoMemorySegment(ALL, at, ORDER);
    }
  }

  @Override
  public void scale(long x, long y, int n) {
    for (int i = 0; i < n; i += S.length()) {
      long at = x + 4L * i;
      load(at).mul(load(y + 4L * i)).intoMemorySegment(ALL, at, ORDER);
    }
  }

  @Override
  public void lstmCell(long gates, long plane, long c, int n) {
    for (int i = 0; i < n; i += S.length()) {
      long at = gates + 4L * i;
      FloatVector in = load(at).mul(load(at + 2 * plane));
      load(at + plane).fma(load(c + 4L * i), in).intoMemorySegment(ALL, c + 4L * i, ORDER);
    }
  }

  @Override
  public void gruCandidate(long gates, long plane, int n) {
    for (int i = 0; i < n; i += S.length()) {
      long at = gates + 4L * i;
      load(at).fma(load(at + 3 * plane), load(at + 2 * plane)).intoMemorySegment(ALL, at + 2 * plane, ORDER);
    }
  }

  @Override
  public void gruState(long gates, long plane, long h, int n) {
    FloatVector one = FloatVector.broadcast(S, 1);
    for (int i = 0; i < n; i += S.length()) {
      long at = gates + 4L * i;
      FloatVector z = load(at + plane);
      FloatVector fresh = one.sub(z).mul(load(at + 2 * plane));
      z.fma(load(h + 4L * i), fresh).intoMemorySegment(ALL, h + 4L * i, ORDER);
    }
  }

  @Override
  public void lstmBackward(long gates, long plane, long tanhC, long cellBefore, long dh, long dc, int n) {
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

  @Override
  public void gruBackward(long gates, long plane, long stateBefore, long dh, int n) {
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

  @Override
  public void plainBackward(long state, long dh, int n) {
    FloatVector one = FloatVector.broadcast(S, 1);
    for (int i = 0; i < n; i += S.length()) {
      long at = state + 4L * i;
      FloatVector h = load(at);
      load(dh + 4L * i).mul(one.sub(h.mul(h))).intoMemorySegment(ALL, at, ORDER);
    }
  }
}
