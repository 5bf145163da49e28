package org.lathe.backends.aparapi;

import com.aparapi.device.Device;
import com.aparapi.device.OpenCLDevice;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.lathe.backends.simt.bytecode.AparapiClass;
import org.lathe.backends.simt.bytecode.Unwritable;
import org.lathe.backends.simt.plan.Traits;
import org.lathe.hal.device.DeviceInfo;
import org.lathe.hal.device.KernelBuildFailed;
import org.lathe.hal.spec.Contraction;
import org.lathe.hal.spec.Convolution;
import org.lathe.hal.spec.KernelSpec;

/** An OpenCL device of Aparapi's. */
final class OpenClEngine implements Engine {
  static final String BACKEND = "aparapi";
  /** Work items in lockstep on most GPUs; Aparapi does not tell. */
  private static final int WARP = 32;
  private static final int MOST_PARAMETERS = 60;
  /** Kernels of one OpenCL program. */
  private static final int MOST_TOGETHER = 64;

  private final OpenCLDevice device;
  private final SelfCheck.Facts facts;
  private final Route route;
  /** By way of bytecode: whether kernels work in Java's arrays themselves. */
  private final boolean inPlace;
  private final Traits scalar;
  private final Traits wide;

  /**
   * Checks that the device computes by this route as Java does.
   *
   * @throws IllegalStateException if it does not
   */
  OpenClEngine(OpenCLDevice device, SelfCheck.Facts facts, Route route) {
    if (route == Route.SOURCE && !facts.hostMemory()) {
      throw new IllegalStateException(
          "its kernels cannot work in this process's memory, which OpenCL C through Aparapi needs; take -D"
              + Route.PROPERTY + "=bytecode, or opencl");
    }
    this.device = device;
    this.facts = facts;
    this.route = route;
    this.inPlace = route == Route.BYTECODE && SelfCheck.inPlace(device);
    this.scalar = traits(1);
    this.wide = traits(facts.floatLanes());
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
        BACKEND, index, device.getType() == Device.TYPE.CPU
            ? DeviceInfo.Kind.CPU
            : device.getType() == Device.TYPE.GPU ? DeviceInfo.Kind.GPU : DeviceInfo.Kind.ACCELERATOR,
        name + " (" + device.getOpenCLPlatform().getName() + ")",
        device.getOpenCLPlatform().getVersion().split("  ")[0],
        device.getMaxComputeUnits(), memoryBytes);
  }

  @Override
  public ArenaAllocator newMemory() {
    return route == Route.SOURCE
        ? ArenaAllocator.offHeap(device.getGlobalMemSize())
        : ArenaAllocator.onHeap(ArenaAllocator.heapBudget());
  }

  /** The same device by the other route. */
  OpenClEngine by(Route other) {
    return new OpenClEngine(device, facts, other);
  }

  @Override
  public Traits traits(KernelSpec spec) {
    // Compilers join the scalars of register tiles, and nothing else that was written for vectors.
    return route == Route.SOURCE || spec instanceof Contraction || spec instanceof Convolution ? wide : scalar;
  }

  @Override
  public Route route() {
    return route;
  }

  @Override
  public boolean hasF64() {
    return facts.hasF64();
  }

  @Override
  public List<Executable> compile(List<Request> kernels) {
    Map<Request, Executable> compiled = new LinkedHashMap<>();
    try {
      List<Request> source = kernels.stream().filter(k -> k.route() == Route.SOURCE).toList();
      for (int from = 0; from < source.size(); from += MOST_TOGETHER) {
        List<Request> part = source.subList(from, Math.min(source.size(), from + MOST_TOGETHER));
        List<? extends Executable> executables = SourceProgram.compile(
            device, part.stream().map(Request::kernel).toList());
        for (int i = 0; i < part.size(); i++) {
          compiled.put(part.get(i), executables.get(i));
        }
      }
      for (Request k : kernels) {
        if (k.route() == Route.BYTECODE) {
          compiled.put(k, bytecode(k));
        }
      }
    } catch (RuntimeException e) {
      compiled.values().forEach(Executable::close);
      throw e;
    }
    return kernels.stream().map(k -> Objects.requireNonNull(compiled.get(k))).toList();
  }

  private Executable bytecode(Request k) {
    try {
      return new BytecodeExecutable(BACKEND, device, k.kernel(), k.arenas(), inPlace);
    } catch (Unwritable e) {
      throw new KernelBuildFailed(k.kernel().name(), k.kernel().toString(), String.valueOf(e.getMessage()));
    }
  }

  @Override
  public String source(Request k) {
    return switch (k.route()) {
      case BYTECODE -> AparapiClass.forAparapi(k.kernel(), k.arenas()).toString();
      case SOURCE -> SourceProgram.render(List.of(k.kernel()));
    };
  }
}
