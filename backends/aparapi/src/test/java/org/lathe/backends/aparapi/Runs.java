package org.lathe.backends.aparapi;

import java.util.ArrayList;
import java.util.List;
import org.lathe.hal.device.Buffer;
import org.lathe.hal.device.BufferSlice;
import org.lathe.hal.device.CommandBuffer;
import org.lathe.hal.device.Device;
import org.lathe.hal.device.Driver;
import org.lathe.hal.device.Prepared;
import org.lathe.hal.device.Probe;
import org.lathe.hal.program.BufferDecl;
import org.lathe.hal.program.Program;
import org.lathe.hal.program.Role;
import org.lathe.hal.program.Slice;
import org.lathe.hal.program.Step;
import org.lathe.hal.spec.KernelSpec;
import org.lathe.reference.Elements;

/** Runs single kernels on devices. */
final class Runs {
  private Runs() {}

  /** The driver's first device, or null where it has none; then the test says why it is skipped. */
  static Device open(Driver driver) {
    return switch (driver.probe()) {
      case Probe.Available(List<Device> devices) -> devices.getFirst();
      case Probe.Unavailable(String reason, String remedy) -> {
        org.junit.jupiter.api.Assumptions.abort(reason + "; " + remedy);
        yield null;
      }
    };
  }

  /** Aparapi's first OpenCL device, by this route; where it has none, the test says why it is skipped. */
  static AparapiDevice open(Route route) {
    if (!(Platform.found() instanceof Platform.Devices(List<OpenClEngine> engines))) {
      return org.junit.jupiter.api.Assumptions.abort(Platform.found().toString());
    }
    OpenClEngine first = engines.getFirst();
    org.junit.jupiter.api.Assumptions.assumeTrue(
        route == Route.BYTECODE || first.route() == Route.SOURCE, "the device takes no addresses of this process");
    return new AparapiDevice(0, first.by(route));
  }

  /** A program of one kernel, with a buffer for each operand. */
  static Program program(KernelSpec spec) {
    List<BufferDecl> buffers = new ArrayList<>();
    List<Slice> inputs = new ArrayList<>();
    List<Slice> outputs = new ArrayList<>();
    spec.inputs().forEach(o -> {
      inputs.add(new Slice(buffers.size(), 0, o.bytes()));
      buffers.add(new BufferDecl("in" + buffers.size(), Role.INPUT, o.bytes(), null));
    });
    spec.outputs().forEach(o -> {
      outputs.add(new Slice(buffers.size(), 0, o.bytes()));
      buffers.add(new BufferDecl("out" + buffers.size(), Role.OUTPUT, o.bytes(), null));
    });
    return new Program("one", buffers, List.of(new Step.Dispatch(spec, inputs, outputs, "test")));
  }

  /** Runs the kernel into poisoned memory. */
  static List<Elements> run(Device device, KernelSpec spec, List<Elements> in) {
    List<Elements> out = Elements.poisoned(spec.outputs());
    List<Buffer> buffers = new ArrayList<>();
    try (Prepared prepared = device.prepare(program(spec))) {
      for (List<Elements> side : List.of(in, out)) {
        for (Elements e : side) {
          Buffer b = device.allocator().allocate(e.segment().byteSize());
          buffers.add(b);
          b.write(0, e.segment());
        }
      }
      try (CommandBuffer commands = prepared.record(buffers.stream().map(BufferSlice::whole).toList())) {
        commands.submit().await();
      }
      for (int j = 0; j < out.size(); j++) {
        buffers.get(in.size() + j).read(0, out.get(j).segment());
      }
      return out;
    } finally {
      buffers.forEach(Buffer::close);
    }
  }
}
