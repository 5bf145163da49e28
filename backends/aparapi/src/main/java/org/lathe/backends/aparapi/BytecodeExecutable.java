package org.lathe.backends.aparapi;

import com.aparapi.Kernel;
import com.aparapi.Range;
import com.aparapi.device.Device;
import com.aparapi.device.OpenCLDevice;
import com.aparapi.exception.CompileFailedException;
import com.aparapi.internal.kernel.KernelManager;
import java.util.LinkedHashSet;
import java.util.List;
import org.lathe.backends.simt.bytecode.AparapiClass;
import org.lathe.backends.simt.bytecode.ArenaKernel;
import org.lathe.backends.simt.bytecode.KernelClass;
import org.lathe.hal.Dims;
import org.lathe.hal.device.DeviceLost;
import org.lathe.hal.device.KernelBuildFailed;

/** A kernel that Aparapi translates. */
final class BytecodeExecutable implements Executable {
  private final String device;
  private final OpenCLDevice target;
  private final org.lathe.backends.simt.ir.Kernel ir;
  private final Kernel kernel;

  /**
   * @param device its name in Lathe
   * @param inPlace whether the device works in the arrays themselves, so that Aparapi need not copy
   */
  BytecodeExecutable(
      String device, OpenCLDevice target, org.lathe.backends.simt.ir.Kernel ir, List<Integer> arenas,
      boolean inPlace) {
    this.device = device;
    this.target = target;
    this.ir = ir;
    KernelClass compiled = AparapiClass.forAparapi(ir, arenas);
    this.kernel = (Kernel) Generated.instance(compiled, BytecodeExecutable.class.getClassLoader());
    prefer(new LinkedHashSet<>(List.of(target)));
    kernel.setExplicit(inPlace);
    try {
      kernel.compile(target);
    } catch (CompileFailedException e) {
      throw new KernelBuildFailed(ir.name(), compiled.toString(), String.valueOf(e.getMessage()));
    }
  }

  /** Tells Aparapi where to run the kernel. */
  void prefer(LinkedHashSet<Device> devices) {
    KernelManager.instance().setPreferredDevices(kernel, devices);
  }

  @Override
  public void run(byte[][] arenas, long[] numbers, Dims global) {
    ((ArenaKernel) kernel).bind(arenas, numbers);
    Range range = Ranges.of(target, global, ir.local());
    try {
      kernel.execute(range);
    } catch (AssertionError | RuntimeException e) {
      // a launch failed, and Aparapi has found that the range is not for the device that it would try next
      DeviceLost lost = new DeviceLost(device,
          "Aparapi could not run kernel '" + ir.name() + "' there: " + e.getMessage());
      lost.initCause(e);
      throw lost;
    }
    if (kernel.getTargetDevice() != target) {
      throw new DeviceLost(
          device, "Aparapi ran kernel '" + ir.name() + "' on "
              + kernel.getTargetDevice().getShortDescription() + " instead; its log says why");
    }
  }

  @Override
  public void close() {
    kernel.dispose();
  }
}
