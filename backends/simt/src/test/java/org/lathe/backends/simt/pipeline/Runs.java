package org.lathe.backends.simt.pipeline;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.random.RandomGenerator;
import org.lathe.backends.simt.interp.GlobalMemory;
import org.lathe.backends.simt.interp.KernelInterpreter;
import org.lathe.backends.simt.ir.Parameter;
import org.lathe.backends.simt.plan.Argument;
import org.lathe.backends.simt.plan.KernelPlan;
import org.lathe.backends.simt.plan.Launch;
import org.lathe.backends.simt.plan.Traits;
import org.lathe.backends.simt.verify.KernelVerifier;
import org.lathe.hal.DType;

/** Runs of kernels before and after a transformation, in the interpreter, with outputs undefined before. */
final class Runs {
  private static final Traits ONE = new Traits(Traits.Form.PIPELINE, 1, 16, 1, 1, 1 << 20, 60, true);
  private static final Traits MANY = new Traits(Traits.Form.CPU, 1, 16, 1, 4096, 1 << 20, 60, true);

  private Runs() {}

  static byte[] bytes(DType dtype, double[] values) {
    MemorySegment s = MemorySegment.ofArray(new byte[values.length * dtype.bytes()]);
    for (int i = 0; i < values.length; i++) {
      switch (dtype) {
        case F64 -> s.set(ValueLayout.JAVA_DOUBLE_UNALIGNED, 8L * i, values[i]);
        case F32 -> s.set(ValueLayout.JAVA_FLOAT_UNALIGNED, 4L * i, (float) values[i]);
        case I32 -> s.set(ValueLayout.JAVA_INT_UNALIGNED, 4L * i, (int) values[i]);
        default -> throw new IllegalArgumentException(dtype.toString());
      }
    }
    return s.toArray(ValueLayout.JAVA_BYTE);
  }

  static double[] values(DType dtype, byte[] bytes) {
    MemorySegment s = MemorySegment.ofArray(bytes);
    double[] values = new double[bytes.length / dtype.bytes()];
    for (int i = 0; i < values.length; i++) {
      values[i] = switch (dtype) {
        case F64 -> s.get(ValueLayout.JAVA_DOUBLE_UNALIGNED, 8L * i);
        case F32 -> s.get(ValueLayout.JAVA_FLOAT_UNALIGNED, 4L * i);
        case I32 -> s.get(ValueLayout.JAVA_INT_UNALIGNED, 4L * i);
        default -> throw new IllegalArgumentException(dtype.toString());
      };
    }
    return values;
  }

  static double[] random(RandomGenerator random, int count, double from, double to) {
    return random.doubles(count, from, to).toArray();
  }

  /**
   * The outputs' bytes; what no work item wrote is 0xff.
   *
   * @param outputs the bytes of each output
   */
  static List<byte[]> run(KernelPlan plan, List<byte[]> inputs, List<Integer> outputs) {
    for (Launch launch : plan.launches()) {
      boolean one = launch.kernel().isSingleItem(launch.global());
      assertEquals(List.of(), KernelVerifier.verify(launch, one ? ONE : MANY), () -> launch.kernel().toString());
    }
    List<GlobalMemory> out = new ArrayList<>();
    outputs.forEach(bytes -> out.add(GlobalMemory.undefined(bytes)));
    KernelInterpreter.run(plan, inputs.stream().map(b -> GlobalMemory.of(MemorySegment.ofArray(b.clone()))).toList(),
        out);
    return out.stream().map(GlobalMemory::toArray).toList();
  }

  static List<byte[]> run(Launch launch, List<byte[]> inputs, List<Integer> outputs) {
    return run(KernelPlan.of("test", launch), inputs, outputs);
  }

  /** Binds inputs to what is read only, outputs to the rest, both in the order of the parameters. */
  static List<Argument> arguments(List<Parameter> parameters, long... numbers) {
    List<Argument> arguments = new ArrayList<>();
    int inputs = 0;
    int outputs = 0;
    int scalars = 0;
    for (Parameter p : parameters) {
      arguments.add(switch (p) {
        case Parameter.Global g when g.access() == Parameter.Access.READ -> new Argument.Input(inputs++);
        case Parameter.Global g -> new Argument.Output(outputs++);
        case Parameter.Scalar s -> new Argument.Number(numbers[scalars++]);
      });
    }
    return arguments;
  }
}
