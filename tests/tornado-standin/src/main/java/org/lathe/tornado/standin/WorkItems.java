package org.lathe.tornado.standin;

import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.BrokenBarrierException;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.atomic.AtomicReference;

/** Runs a task's kernel for each work item of a range, those of a group at once. */
final class WorkItems {
  private final MethodHandle kernel;
  private final Object[] arguments;
  private final int[] size;

  private WorkItems(MethodHandle kernel, Object[] arguments, int[] size) {
    this.kernel = kernel;
    this.arguments = arguments;
    this.size = size;
  }

  /** @param function whose class names the kernel's class, with an ending {@code _task} */
  static void run(Object function, List<MemorySegment> memory, WorkerGrid3D grid) {
    try {
      String task = function.getClass().getName();
      Class<?> owner = function.getClass().getClassLoader()
          .loadClass(task.substring(0, task.length() - "_task".length()));
      Method method = Arrays.stream(owner.getMethods())
          .filter(m -> Modifier.isStatic(m.getModifiers()) && m.getParameterCount() > 0
              && m.getParameterTypes()[0] == KernelContext.class)
          .findFirst().orElseThrow();
      Object[] arguments = new Object[method.getParameterCount()];
      for (int i = 1; i < arguments.length; i++) {
        arguments[i] = method.getParameterTypes()[i].getConstructor(MemorySegment.class).newInstance(memory.get(i - 1));
      }
      MethodHandle kernel = MethodHandles.publicLookup().unreflect(method).asSpreader(Object[].class, arguments.length);
      new WorkItems(kernel, arguments, grid.local()).runAll(grid.groups());
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException("the kernel of " + function.getClass() + " cannot be run", e);
    }
  }

  private void runAll(int[] groups) {
    for (int z = 0; z < groups[2]; z++) {
      for (int y = 0; y < groups[1]; y++) {
        for (int x = 0; x < groups[0]; x++) {
          runGroup(new int[]{x, y, z});
        }
      }
    }
  }

  private void runGroup(int[] at) {
    int items = size[0] * size[1] * size[2];
    KernelContext.Group group = new KernelContext.Group();
    if (items == 1) {
      runItem(at, 0, () -> {}, group);
      return;
    }
    CyclicBarrier barrier = new CyclicBarrier(items);
    AtomicReference<Throwable> failure = new AtomicReference<>();
    Runnable meet = () -> {
      try {
        barrier.await();
      } catch (InterruptedException | BrokenBarrierException e) {
        throw new IllegalStateException("not all work items of the group came to a barrier", e);
      }
    };
    Thread[] threads = new Thread[items];
    for (int i = 0; i < items; i++) {
      int item = i;
      threads[i] = Thread.startVirtualThread(() -> {
        try {
          runItem(at, item, meet, group);
        } catch (RuntimeException | Error e) {
          failure.compareAndSet(null, e);
          barrier.reset();
        }
      });
    }
    for (Thread t : threads) {
      try {
        t.join();
      } catch (InterruptedException e) {
        throw new IllegalStateException(e);
      }
    }
    if (failure.get() != null) {
      throw new IllegalStateException("a work item failed: " + failure.get(), failure.get());
    }
  }

  private void runItem(int[] at, int item, Runnable barrier, KernelContext.Group group) {
    int[] local = {item % size[0], item / size[0] % size[1], item / size[0] / size[1]};
    Object[] own = arguments.clone();
    own[0] = new KernelContext(size, at, local, barrier, group);
    try {
      kernel.invoke(own);
    } catch (RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new IllegalStateException(e);
    }
  }
}
