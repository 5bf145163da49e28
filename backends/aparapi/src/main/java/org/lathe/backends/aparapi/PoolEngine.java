package org.lathe.backends.aparapi;

import com.aparapi.device.Device;
import com.aparapi.device.JavaDevice;
import com.aparapi.internal.kernel.KernelManager;
import java.util.LinkedHashSet;
import java.util.List;
import org.lathe.backends.simt.bytecode.AparapiClass;
import org.lathe.backends.simt.bytecode.Unwritable;
import org.lathe.backends.simt.bytecode.WorkItem;
import org.lathe.backends.simt.ir.Kernel;
import org.lathe.backends.simt.plan.Traits;
import org.lathe.hal.Dims;
import org.lathe.hal.device.DeviceInfo;
import org.lathe.hal.device.DeviceLost;
import org.lathe.hal.device.KernelBuildFailed;
import org.lathe.hal.spec.KernelSpec;

/**
 * Aparapi's thread pool. Each instance of its Kernel has a pool of its own whose threads outlive it, so one instance, the
 * {@link PoolCarrier}, carries the kernels of the whole process, one launch at a time.
 */
final class PoolEngine implements Engine {
  static final String BACKEND = "aparapi-jtp";
  private static final int MOST_PARAMETERS = 60;
  /** A thread for each work item of a group: more than a few only wait for each other. */
  private static final int MOST_GROUP = 16;
  private static final long LOCAL_BYTES = 1 << 20;

  private static final class Once {
    static final PoolEngine SHARED = new PoolEngine();
  }

  private final int processors = Runtime.getRuntime().availableProcessors();
  private final PoolCarrier carrier = new PoolCarrier();
  private final Traits traits = new Traits(
      Traits.Form.CPU, processors, 1, 1, Math.min(MOST_GROUP, processors), LOCAL_BYTES, MOST_PARAMETERS, true);

  private PoolEngine() {
    KernelManager.instance()
        .setPreferredDevices(carrier, new LinkedHashSet<Device>(List.of(JavaDevice.THREAD_POOL)));
  }

  /** The one of the process. */
  static PoolEngine shared() {
    return Once.SHARED;
  }

  @Override
  public DeviceInfo describe(int index, long memoryBytes) {
    return new DeviceInfo(
        BACKEND, index, DeviceInfo.Kind.CPU, "Aparapi's Java thread pool, " + processors + " threads",
        "Java " + Runtime.version(), processors, memoryBytes);
  }

  @Override
  public Traits traits(KernelSpec spec) {
    return traits;
  }

  @Override
  public ArenaAllocator newMemory() {
    return ArenaAllocator.onHeap(ArenaAllocator.heapBudget());
  }

  @Override
  public Route route() {
    return Route.BYTECODE;
  }

  @Override
  public boolean hasF64() {
    return true;
  }

  @Override
  public List<Executable> compile(List<Request> kernels) {
    return kernels.stream().map(k -> compile(k.kernel(), k.arenas())).toList();
  }

  private Executable compile(Kernel kernel, List<Integer> arenas) {
    WorkItem item;
    try {
      item = (WorkItem) Generated.instance(
          AparapiClass.forJvm(kernel, arenas), AparapiClass.class.getClassLoader());
    } catch (Unwritable e) {
      throw new KernelBuildFailed(kernel.name(), kernel.toString(), String.valueOf(e.getMessage()));
    }
    return new Executable() {
      @Override
      public void run(byte[][] memory, long[] numbers, Dims global) {
        item.bind(memory, numbers);
        launch(kernel, item, global);
      }

      @Override
      public void close() {}
    };
  }

  private synchronized void launch(Kernel kernel, WorkItem item, Dims global) {
    carrier.carry(item, kernel, global, processors);
    if (carrier.getTargetDevice() != JavaDevice.THREAD_POOL) {
      throw new DeviceLost(
          BACKEND, "Aparapi ran kernel '" + kernel.name() + "' on " + carrier.getTargetDevice().getShortDescription());
    }
  }

  @Override
  public String source(Request k) {
    return AparapiClass.forJvm(k.kernel(), k.arenas()).toString();
  }
}
