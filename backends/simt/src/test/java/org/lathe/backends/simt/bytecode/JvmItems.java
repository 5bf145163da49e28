package org.lathe.backends.simt.bytecode;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CyclicBarrier;
import java.util.function.Consumer;
import org.lathe.backends.simt.ir.Kernel;
import org.lathe.backends.simt.ir.Statement;
import org.lathe.hal.Dims;

/** Runs the work items of a range in this JVM: in order where no barrier stands between them, else a thread for each. */
final class JvmItems {
  private JvmItems() {}

  /** Where a work item stands: its group and its place there along each axis. */
  record Place(int[] group, int[] local) {}

  /** One work item: takes its place, and the barrier to wait at. */
  interface Item {
    void run(Place place, Runnable barrier);
  }

  /** Runs all items; {@code items} gives those of one group, each to be run by one thread. */
  static void run(Kernel kernel, Dims global, Consumer<Runnable> startOfGroup, List<Item> items) {
    Dims local = kernel.local();
    int[] groups = new int[3];
    for (int d = 0; d < 3; d++) {
      groups[d] = Math.toIntExact(global.get(d) / local.get(d));
    }
    boolean together = hasBarrier(kernel.body());
    for (int g = 0; g < groups[0] * groups[1] * groups[2]; g++) {
      int[] group = {g % groups[0], g / groups[0] % groups[1], g / groups[0] / groups[1]};
      startOfGroup.accept(() -> {});
      if (together) {
        together(local, group, items);
      } else {
        for (int i = 0; i < kernel.groupSize(); i++) {
          items.get(i).run(new Place(group, local(local, i)), () -> {});
        }
      }
    }
  }

  private static int[] local(Dims local, int i) {
    int x = (int) local.get(0);
    int y = (int) local.get(1);
    return new int[]{i % x, i / x % y, i / x / y};
  }

  private static void together(Dims local, int[] group, List<Item> items) {
    CyclicBarrier barrier = new CyclicBarrier(items.size());
    Runnable meet = () -> {
      try {
        barrier.await();
      } catch (Exception e) {
        throw new IllegalStateException("a work item of the group has failed", e);
      }
    };
    List<Throwable> failures = java.util.Collections.synchronizedList(new ArrayList<>());
    List<Thread> threads = new ArrayList<>();
    for (int i = 0; i < items.size(); i++) {
      Item item = items.get(i);
      Place place = new Place(group, local(local, i));
      threads.add(Thread.startVirtualThread(() -> {
        try {
          item.run(place, meet);
        } catch (Throwable e) {
          failures.add(e);
          barrier.reset();
        }
      }));
    }
    for (Thread t : threads) {
      try {
        t.join();
      } catch (InterruptedException e) {
        throw new IllegalStateException(e);
      }
    }
    if (!failures.isEmpty()) {
      throw new AssertionError(failures.getFirst());
    }
  }

  static boolean hasBarrier(List<Statement> body) {
    return body.stream().anyMatch(s -> switch (s) {
      case Statement.Barrier _ -> true;
      case Statement.For f -> hasBarrier(f.body());
      case Statement.If f -> hasBarrier(f.then()) || hasBarrier(f.otherwise());
      default -> false;
    });
  }
}
