package org.lathe.tornado.standin;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.IntFunction;

/** In the place of TornadoVM's class of this name: one work item. */
public final class KernelContext {
  public final Integer globalIdx;
  public final Integer globalIdy;
  public final Integer globalIdz;
  public final Integer localIdx;
  public final Integer localIdy;
  public final Integer localIdz;
  public final Integer groupIdx;
  public final Integer groupIdy;
  public final Integer groupIdz;
  private final Runnable barrier;
  private final Group group;
  private int allocations;

  /** What the work items of one group share: their local arrays, in the order in which each allocates them. */
  public static final class Group {
    private final Map<Integer, Object> arrays = new ConcurrentHashMap<>();
  }

  /** What a task graph is given for the work items to come. */
  public KernelContext() {
    this(new int[3], new int[3], new int[3], () -> {}, new Group());
  }

  public KernelContext(int[] size, int[] groupAt, int[] local, Runnable barrier, Group group) {
    globalIdx = groupAt[0] * size[0] + local[0];
    globalIdy = groupAt[1] * size[1] + local[1];
    globalIdz = groupAt[2] * size[2] + local[2];
    localIdx = local[0];
    localIdy = local[1];
    localIdz = local[2];
    groupIdx = groupAt[0];
    groupIdy = groupAt[1];
    groupIdz = groupAt[2];
    this.barrier = barrier;
    this.group = group;
  }

  public void localBarrier() {
    barrier.run();
  }

  public void globalBarrier() {
    barrier.run();
  }

  private Object allocate(int elements, IntFunction<Object> array) {
    return group.arrays.computeIfAbsent(allocations++, n -> array.apply(elements));
  }

  public float[] allocateFloatLocalArray(int size) {
    return (float[]) allocate(size, float[]::new);
  }

  public double[] allocateDoubleLocalArray(int size) {
    return (double[]) allocate(size, double[]::new);
  }

  public int[] allocateIntLocalArray(int size) {
    return (int[]) allocate(size, int[]::new);
  }

  public long[] allocateLongLocalArray(int size) {
    return (long[]) allocate(size, long[]::new);
  }

  public byte[] allocateByteLocalArray(int size) {
    return (byte[]) allocate(size, byte[]::new);
  }
}
