package org.lathe.backends.simt.tune;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.BiFunction;
import org.lathe.backends.simt.schedule.Tuning;
import org.lathe.backends.simt.schedule.Tunings;
import org.lathe.hal.device.Allocator;
import org.lathe.hal.device.Buffer;
import org.lathe.hal.device.BufferSlice;
import org.lathe.hal.device.CommandBuffer;
import org.lathe.hal.device.Prepared;
import org.lathe.hal.program.BufferDecl;
import org.lathe.hal.program.Program;
import org.lathe.hal.program.Role;
import org.lathe.hal.program.Slice;
import org.lathe.hal.program.Step;
import org.lathe.hal.spec.KernelSpec;
import org.lathe.hal.spec.Operand;

/** A laboratory on any device that plans with this backend: each kernel is a program of one dispatch. */
public final class DeviceLaboratory implements Laboratory {
  private final Allocator allocator;
  private final BiFunction<Program, Tunings, Prepared> prepare;

  /** @param prepare prepares a program whose kernels take the forms that are given, beside the device's own choice */
  public DeviceLaboratory(Allocator allocator, BiFunction<Program, Tunings, Prepared> prepare) {
    this.allocator = allocator;
    this.prepare = prepare;
  }

  @Override
  public Bench set(KernelSpec spec, List<byte[]> inputs) {
    return new Memory(spec, inputs);
  }

  private final class Memory implements Bench {
    private final KernelSpec spec;
    private final Program program;
    private final List<Buffer> buffers = new ArrayList<>();
    private final List<Buffer> outputs = new ArrayList<>();

    Memory(KernelSpec spec, List<byte[]> inputs) {
      this.spec = spec;
      this.program = program(spec);
      try {
        for (byte[] input : inputs) {
          Buffer buffer = allocator.allocate(input.length);
          buffers.add(buffer);
          buffer.write(0, MemorySegment.ofArray(input));
        }
        for (Operand output : spec.outputs()) {
          Buffer buffer = allocator.allocate(output.bytes());
          buffers.add(buffer);
          outputs.add(buffer);
        }
      } catch (RuntimeException e) {
        close();
        throw e;
      }
    }

    @Override
    public Trial prepare(Tuning tuning) {
      Prepared prepared = prepare.apply(program, (s, traits) -> tuning);
      try {
        return new Run(prepared, prepared.record(buffers.stream().map(BufferSlice::whole).toList()));
      } catch (RuntimeException e) {
        prepared.close();
        throw e;
      }
    }

    @Override
    public void poison() {
      for (Buffer b : outputs) {
        byte[] poison = new byte[Math.toIntExact(b.bytes())];
        Arrays.fill(poison, (byte) 0xff);
        b.write(0, MemorySegment.ofArray(poison));
      }
    }

    @Override
    public List<byte[]> outputs() {
      List<byte[]> contents = new ArrayList<>();
      for (int j = 0; j < outputs.size(); j++) {
        byte[] bytes = new byte[Math.toIntExact(spec.outputs().get(j).bytes())];
        outputs.get(j).read(0, MemorySegment.ofArray(bytes));
        contents.add(bytes);
      }
      return contents;
    }

    @Override
    public void close() {
      buffers.forEach(Buffer::close);
    }
  }

  private static Program program(KernelSpec spec) {
    List<BufferDecl> buffers = new ArrayList<>();
    List<Slice> inputs = new ArrayList<>();
    List<Slice> outputs = new ArrayList<>();
    for (Operand o : spec.inputs()) {
      inputs.add(new Slice(buffers.size(), 0, o.bytes()));
      buffers.add(new BufferDecl("in" + buffers.size(), Role.INPUT, o.bytes(), null));
    }
    for (Operand o : spec.outputs()) {
      outputs.add(new Slice(buffers.size(), 0, o.bytes()));
      buffers.add(new BufferDecl("out" + buffers.size(), Role.OUTPUT, o.bytes(), null));
    }
    return new Program("tune", buffers, List.of(new Step.Dispatch(spec, inputs, outputs, "tune")));
  }

  private record Run(Prepared prepared, CommandBuffer commands) implements Trial {
    @Override
    public String variant() {
      return prepared.kernels().getFirst().variant();
    }

    @Override
    public void run(int times) {
      for (int i = 1; i < times; i++) {
        commands.submit();
      }
      commands.submit().await();
    }

    @Override
    public void close() {
      commands.close();
      prepared.close();
    }
  }
}
