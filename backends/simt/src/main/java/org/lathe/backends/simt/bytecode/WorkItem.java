package org.lathe.backends.simt.bytecode;

/**
 * What a kernel of the Aparapi dialect extends where a JVM runs it: a work item that is told where it stands. Its methods
 * are those of {@code com.aparapi.Kernel}. One thread at a time.
 */
public abstract class WorkItem implements ArenaKernel, Cloneable {
  private int[] place = new int[9];
  private Runnable barrier = () -> {};

  /** Another work item of the same group: it shares local memory, and what is bound. */
  public final WorkItem fork() {
    try {
      WorkItem copy = (WorkItem) clone();
      copy.place = new int[9];
      return copy;
    } catch (CloneNotSupportedException e) {
      throw new AssertionError(e);
    }
  }

  /** Another work item with local memory of its own, to be of another group at the same time. */
  public final WorkItem forkAlone() {
    WorkItem copy = fork();
    copy.allocate();
    return copy;
  }

  /** Takes new local memory. */
  protected abstract void allocate();

  /** Where it stands along one axis. */
  public final void stand(int axis, int groupSize, int group, int local) {
    place[axis] = group * groupSize + local;
    place[3 + axis] = local;
    place[6 + axis] = group;
  }

  /** What waits until the whole group has come. */
  public final void meetAt(Runnable newBarrier) {
    barrier = newBarrier;
  }

  protected final int getGlobalId(int axis) {
    return place[axis];
  }

  protected final int getLocalId(int axis) {
    return place[3 + axis];
  }

  protected final int getGroupId(int axis) {
    return place[6 + axis];
  }

  protected final void localGlobalBarrier() {
    barrier.run();
  }
}
