package org.lathe.backends.aparapi;

import com.aparapi.Kernel;
import com.aparapi.Range;
import com.aparapi.device.JavaDevice;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.lathe.backends.simt.bytecode.WorkItem;
import org.lathe.backends.simt.ir.Statement;
import org.lathe.hal.Dims;

/**
 * The one kernel that Aparapi's thread pool ever runs; it runs the work items of others. Aparapi clones it for each
 * thread. Not for several threads at once.
 */
final class PoolCarrier extends Kernel {
  /** Groups that a thread takes at a time. */
  private static final int CHUNK = 16;

  private @Nullable WorkItem prototype;
  private Dims local = Dims.of(1, 1, 1);
  private int[] groups = {1, 1, 1};
  private boolean together;
  private AtomicInteger next = new AtomicInteger();
  private AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();

  /** Runs all work items of the range and waits for them. */
  void carry(WorkItem item, org.lathe.backends.simt.ir.Kernel kernel, Dims global, int threads) {
    prototype = item;
    local = kernel.local();
    groups = new int[3];
    for (int d = 0; d < 3; d++) {
      groups[d] = Math.toIntExact(global.get(d) / local.get(d));
    }
    together = hasBarrier(kernel.body());
    next = new AtomicInteger();
    failure = new AtomicReference<>();
    int members = together ? kernel.groupSize() : Math.min(threads, Math.ceilDiv(count(), CHUNK));
    execute(Range.create(JavaDevice.THREAD_POOL, members, members));
    prototype = null;
    Throwable failed = failure.get();
    if (failed != null) {
      throw new IllegalStateException("a work item of kernel '" + kernel.name() + "' failed", failed);
    }
  }

  private int count() {
    return Math.multiplyExact(groups[0], Math.multiplyExact(groups[1], groups[2]));
  }

  private static boolean hasBarrier(java.util.List<Statement> body) {
    return body.stream().anyMatch(s -> switch (s) {
      case Statement.Barrier _ -> true;
      case Statement.For f -> hasBarrier(f.body());
      case Statement.If f -> hasBarrier(f.then()) || hasBarrier(f.otherwise());
      default -> false;
    });
  }

  /** One thread of the pool. */
  @Override
  public void run() {
    WorkItem first = prototype;
    if (first == null) {
      throw new IllegalStateException("nothing to carry");
    }
    WorkItem item = together ? first.fork() : first.forkAlone();
    try {
      if (together) {
        item.meetAt(this::localBarrier);
        int member = getLocalId(0);
        for (int group = 0; group < count(); group++) {
          runItem(item, group, member);
          // the next group uses the same local memory
          localBarrier();
        }
      } else {
        for (int from = next.getAndAdd(CHUNK); from < count(); from = next.getAndAdd(CHUNK)) {
          for (int group = from; group < Math.min(count(), from + CHUNK); group++) {
            for (int member = 0; member < local.product(); member++) {
              runItem(item, group, member);
            }
          }
        }
      }
    } catch (RuntimeException | Error e) {
      failure.compareAndSet(null, e);
      throw e;
    }
  }

  private void runItem(WorkItem item, int group, int member) {
    int x = (int) local.get(0);
    int y = (int) local.get(1);
    item.stand(0, x, group % groups[0], member % x);
    item.stand(1, y, group / groups[0] % groups[1], member / x % y);
    item.stand(2, (int) local.get(2), group / groups[0] / groups[1], member / x / y);
    item.run();
  }
}
