package org.lathe.backends.opencl;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.lathe.hal.device.Buffer;
import org.lathe.hal.device.BufferSlice;
import org.lathe.hal.device.CommandBuffer;
import org.lathe.hal.device.Device;
import org.lathe.hal.device.Prepared;
import org.lathe.hal.program.BufferDecl;
import org.lathe.hal.program.Program;
import org.lathe.hal.program.Role;
import org.lathe.hal.program.Slice;
import org.lathe.hal.program.Step;
import org.lathe.hal.spec.KernelSpec;
import org.lathe.hal.spec.Operand;
import org.lathe.reference.Elements;
import org.lathe.reference.Samples;
import org.lathe.reference.SpecReference;
import org.lathe.reference.Tolerance;

/** Runs single kernels on a device, on random inputs, and compares with the loops of their definitions. */
final class KernelRun {
  private KernelRun() {}

  /** A program of one kernel, each operand in a buffer of its own. */
  static Program alone(KernelSpec spec) {
    List<BufferDecl> buffers = new ArrayList<>();
    List<Slice> in = slices(spec.inputs(), Role.INPUT, buffers);
    List<Slice> out = slices(spec.outputs(), Role.OUTPUT, buffers);
    return new Program("alone", buffers, List.of(new Step.Dispatch(spec, in, out, spec.toString())));
  }

  private static List<Slice> slices(List<Operand> operands, Role role, List<BufferDecl> buffers) {
    List<Slice> slices = new ArrayList<>();
    for (Operand o : operands) {
      slices.add(new Slice(buffers.size(), 0, o.bytes()));
      buffers.add(new BufferDecl(role + "" + buffers.size(), role, o.bytes(), null));
    }
    return slices;
  }

  /** All of these kernels, compiled together; outputs hold NaN before. */
  static void check(Device device, List<KernelSpec> specs, long seed) {
    List<Prepared> prepared = device.prepareAll(specs.stream().map(KernelRun::alone).toList());
    try {
      for (int i = 0; i < specs.size(); i++) {
        check(device, specs.get(i), prepared.get(i), seed + i);
      }
    } finally {
      prepared.forEach(Prepared::close);
    }
  }

  private static void check(Device device, KernelSpec spec, Prepared prepared, long seed) {
    List<Elements> inputs = Samples.inputs(spec, new Random(seed));
    List<Elements> outputs = Elements.poisoned(spec.outputs());
    List<Buffer> buffers = Stream.concat(spec.inputs().stream(), spec.outputs().stream())
        .map(o -> device.allocator().allocate(o.bytes())).toList();
    try (CommandBuffer commands = prepared.record(buffers.stream().map(BufferSlice::whole).toList())) {
      for (int i = 0; i < inputs.size(); i++) {
        buffers.get(i).write(0, inputs.get(i).segment());
      }
      for (int j = 0; j < outputs.size(); j++) {
        buffers.get(inputs.size() + j).write(0, outputs.get(j).segment());
      }
      commands.submit().await();
      for (int j = 0; j < outputs.size(); j++) {
        buffers.get(inputs.size() + j).read(0, outputs.get(j).segment());
      }
      Tolerance.check(spec + " as " + prepared.kernels().getFirst().variant() + ", seed " + seed, spec,
          SpecReference.run(spec, inputs), outputs);
    } finally {
      buffers.forEach(Buffer::close);
    }
  }
}
