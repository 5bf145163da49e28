package org.lathe.tornado.standin;

import org.lathe.tornado.standin.types.arrays.TornadoNativeArray;

/** In the place of TornadoVM's class of this name. */
public final class TornadoExecutionResult {
  private final TornadoExecutionPlan plan;

  TornadoExecutionResult(TornadoExecutionPlan plan) {
    this.plan = plan;
  }

  public TornadoExecutionResult transferToHost(Object... objects) {
    for (Object o : objects) {
      TornadoNativeArray a = (TornadoNativeArray) o;
      plan.selected().download(a, 0, a.getSegment().byteSize());
    }
    return this;
  }

  public TornadoExecutionResult transferToHost(DataRange range) {
    plan.selected().download(range.array, range.offset, range.size);
    return this;
  }
}
