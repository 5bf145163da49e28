package org.lathe.backends.aparapi;

import com.aparapi.device.Device;
import com.aparapi.device.OpenCLDevice;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import org.lathe.backends.simt.ir.Kernel;
import org.lathe.backends.simt.ir.KernelBuilder;
import org.lathe.backends.simt.ir.Parameter;
import org.lathe.backends.simt.ir.Values;
import org.lathe.backends.simt.opencl.CompilerFacts;
import org.lathe.hal.DType;
import org.lathe.hal.Dims;
import org.lathe.hal.device.KernelBuildFailed;

/** Runs kernels and compares with Java, before a device is offered to anyone. */
final class SelfCheck {
  private static final int ITEMS = 96;
  private static final int GROUP = 32;

  /** Aparapi cannot ask for them. */
  private static final String FACTS = """
      __kernel __attribute__((reqd_work_group_size(1, 1, 1))) void lathe_facts(const long address, const long n) {
        __global int* out = (__global int*)address;
      %s
        out[2] = out[3] * (int)n;
      }
      """.formatted(CompilerFacts.STATEMENTS);

  private static final String DOUBLES = """
      #if !(%s)
      #error no f64
      #endif
      __kernel void lathe_doubles(const long n) {
      }
      """.formatted(CompilerFacts.F64_CONDITION);

  private SelfCheck() {}

  /**
   * @param hostMemory whether kernels work in the memory of this process, at the addresses that it has here
   * @param floatLanes the width of its f32 vectors
   */
  record Facts(boolean hostMemory, int floatLanes, boolean hasF64) {}

  /** Asks the device. Of processors only it is tried whether they take addresses: nothing else could survive a wrong one. */
  static Facts facts(OpenCLDevice device) {
    if (device.getType() == Device.TYPE.CPU) {
      try (Arena arena = Arena.ofConfined();
          Executable source = SourceProgram.compile(device, "lathe_facts", FACTS, Dims.of(1, 1, 1), 2)) {
        MemorySegment out = arena.allocate(4 * ValueLayout.JAVA_INT.byteSize());
        out.setAtIndex(ValueLayout.JAVA_INT, 3, 7);
        source.run(new byte[0][], new long[]{out.address(), 6}, Dims.of(1, 1, 1));
        if (out.getAtIndex(ValueLayout.JAVA_INT, 2) == 42) {
          return new Facts(
              true, out.getAtIndex(ValueLayout.JAVA_INT, CompilerFacts.FLOAT_LANES),
              out.getAtIndex(ValueLayout.JAVA_INT, CompilerFacts.HAS_F64) != 0);
        }
      }
    }
    return new Facts(false, 1, compiles(device, DOUBLES));
  }

  private static boolean compiles(OpenCLDevice device, String source) {
    try (Executable built = SourceProgram.compile(device, "lathe_doubles", source, Dims.of(1, 1, 1), 1)) {
      return built != null;
    } catch (KernelBuildFailed e) {
      return false;
    }
  }

  /**
   * Runs a kernel made of bytecode. Whether such kernels work in Java's arrays themselves, without copies.
   *
   * @throws IllegalStateException if the device computes something else than Java
   */
  static boolean inPlace(OpenCLDevice device) {
    if (device.getType() == Device.TYPE.CPU && computes(device, true)) {
      return true;
    }
    if (!computes(device, false)) {
      throw new IllegalStateException("a kernel made of bytecode gives wrong results");
    }
    return false;
  }

  /** Twice with other values between, as a device that keeps a copy would not see them. */
  private static boolean computes(OpenCLDevice device, boolean inPlace) {
    KernelBuilder k = new KernelBuilder("self_check");
    Parameter.Global x = k.global("x", DType.F32, ITEMS, Parameter.Access.READ, false);
    Parameter.Global y = k.global("y", DType.F32, ITEMS, Parameter.Access.READ_WRITE, false);
    var i = Values.globalId(0);
    k.store(y, i, Values.mad(Values.load(x, i), Values.constant(3), Values.load(y, i)));
    Kernel kernel = k.build(GROUP, 1, 1);
    ByteBuffer in = ByteBuffer.allocate(4 * ITEMS).order(ByteOrder.LITTLE_ENDIAN);
    ByteBuffer out = ByteBuffer.allocate(4 * ITEMS).order(ByteOrder.LITTLE_ENDIAN);
    try (BytecodeExecutable executable = new BytecodeExecutable(OpenClEngine.BACKEND, device, kernel, List.of(0, 1),
        inPlace)) {
      for (int round = 0; round < 2; round++) {
        for (int n = 0; n < ITEMS; n++) {
          in.putFloat(4 * n, n - 40 + round);
          out.putFloat(4 * n, 0.5f * n * (round + 1));
        }
        executable.run(new byte[][]{in.array(), out.array()}, new long[2], Dims.of(ITEMS, 1, 1));
        for (int n = 0; n < ITEMS; n++) {
          if (out.getFloat(4 * n) != 3 * (n - 40 + round) + 0.5f * n * (round + 1)) {
            return false;
          }
        }
      }
    }
    return true;
  }
}
