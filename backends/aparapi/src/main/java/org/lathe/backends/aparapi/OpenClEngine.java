package org.lathe.backends.aparapi;

import com.aparapi.device.Device;
import com.aparapi.device.OpenCLDevice;
import java.util.List;
import org.lathe.backends.simt.bytecode.AparapiClass;
import org.lathe.backends.simt.bytecode.Unwritable;
import org.lathe.backends.simt.ir.Kernel;
import org.lathe.backends.simt.opencl.Calling;
import org.lathe.backends.simt.opencl.OpenClSource;
import org.lathe.backends.simt.plan.Traits;
import org.lathe.hal.device.DeviceInfo;
import org.lathe.hal.device.KernelBuildFailed;
import org.lathe.hal.spec.KernelSpec;

/** An OpenCL device of Aparapi's. */
final class OpenClEngine implements Engine {
  static final String BACKEND = "aparapi";
  /** Work items in lockstep on most GPUs; Aparapi does not tell. */
  private static final int WARP = 32;
  private static final int MOST_PARAMETERS = 60;

  private final OpenCLDevice device;
  private final SelfCheck.Facts facts;
  private final Route.Policy policy;
  private final Traits forBytecode;
  private final Traits forSource;

  OpenClEngine(OpenCLDevice device, SelfCheck.Facts facts, Route.Policy policy) {
    this.device = device;
    this.facts = facts;
    this.policy = policy;
    this.forBytecode = traits(1);
    this.forSource = traits(facts.floatLanes());
  }

  private Traits traits(int lanes) {
    boolean cpu = device.getType() == Device.TYPE.CPU;
    return new Traits(
        cpu ? Traits.Form.CPU : Traits.Form.GPU, device.getMaxComputeUnits(), cpu ? lanes : 1, cpu ? 1 : WARP,
        device.getMaxWorkGroupSize(), device.getLocalMemSize(), MOST_PARAMETERS, facts.hasF64());
  }

  @Override
  public DeviceInfo describe(int index, long memoryBytes) {
    String name = device.getName() == null ? device.getShortDescription() : device.getName();
    return new DeviceInfo(
        BACKEND, index, device.getType() == Device.TYPE.CPU ? DeviceInfo.Kind.CPU
            : device.getType() == Device.TYPE.GPU ? DeviceInfo.Kind.GPU : DeviceInfo.Kind.ACCELERATOR,
        name + " (" + device.getOpenCLPlatform().getName() + ")", device.getOpenCLPlatform().getVersion(),
        device.getMaxComputeUnits(), memoryBytes);
  }

  @Override
  public Traits traits(KernelSpec spec) {
    return route(spec) == Route.BYTECODE ? forBytecode : forSource;
  }

  @Override
  public Route route(KernelSpec spec) {
    return policy.of(spec);
  }

  @Override
  public boolean hasF64() {
    return facts.hasF64();
  }

  @Override
  public Executable compile(Kernel kernel, List<Integer> arenas, Route route) {
    try {
      return switch (route) {
        case BYTECODE -> new BytecodeExecutable(BACKEND, device, kernel, arenas, facts.inPlace());
        case SOURCE -> new SourceExecutable(device, kernel, arenas, facts.inPlace());
      };
    } catch (Unwritable e) {
      throw new KernelBuildFailed(kernel.name(), kernel.toString(), String.valueOf(e.getMessage()));
    }
  }

  @Override
  public String source(Kernel kernel, List<Integer> arenas, Route route) {
    return switch (route) {
      case BYTECODE -> AparapiClass.forAparapi(kernel, arenas).toString();
      case SOURCE -> OpenClSource.render(kernel, new Calling.Arenas(arenas));
    };
  }
}
