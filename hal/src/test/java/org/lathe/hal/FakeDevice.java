package org.lathe.hal;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import org.lathe.hal.device.Allocator;
import org.lathe.hal.device.BufferSlice;
import org.lathe.hal.device.Capabilities;
import org.lathe.hal.device.CommandBuffer;
import org.lathe.hal.device.Device;
import org.lathe.hal.device.DeviceInfo;
import org.lathe.hal.device.Event;
import org.lathe.hal.device.HostAllocator;
import org.lathe.hal.device.Prepared;
import org.lathe.hal.program.Program;
import org.lathe.hal.program.Slice;
import org.lathe.hal.program.Step;
import org.lathe.hal.spec.Copy;
import org.lathe.hal.spec.KernelSpec;

/** A device in plain memory that runs copies, loops and branches, and can be told to misbehave. */
public final class FakeDevice implements Device {
  /** Bytes that each copy writes too many. */
  public long overrun;
  /** Whether runs do nothing. */
  public boolean lazy;
  /** Runs that have begun do not end before this opens. */
  public volatile CountDownLatch gate = new CountDownLatch(0);
  public boolean closed;
  public final HostAllocator allocator = new HostAllocator(1 << 30);
  private final int index;

  public FakeDevice(int index) {
    this.index = index;
  }

  @Override
  public DeviceInfo info() {
    return new DeviceInfo("fake", index, DeviceInfo.Kind.CPU, "Fake", "1", 1, 1 << 20);
  }

  @Override
  public Capabilities capabilities() {
    return new Capabilities() {
      @Override
      public Set<DType> dtypes() {
        return Set.of(DType.values());
      }

      @Override
      public Optional<String> refuses(KernelSpec spec) {
        return spec instanceof Copy ? Optional.empty() : Optional.of("it only copies");
      }
    };
  }

  @Override
  public Allocator allocator() {
    return allocator;
  }

  @Override
  public Prepared prepare(Program program) {
    return new Prepared() {
      @Override
      public Program program() {
        return program;
      }

      @Override
      public CommandBuffer record(List<BufferSlice> bindings) {
        return new FakeCommands(program, bindings);
      }

      @Override
      public List<KernelReport> kernels() {
        return List.of();
      }

      @Override
      public void close() {}
    };
  }

  @Override
  public void close() {
    closed = true;
  }

  private final class FakeCommands implements CommandBuffer {
    private final Program program;
    private List<BufferSlice> bindings;

    FakeCommands(Program program, List<BufferSlice> bindings) {
      this.program = program;
      this.bindings = bindings;
    }

    @Override
    public Event submit() {
      if (!lazy) {
        run(program.steps(), new long[0]);
      }
      CountDownLatch end = gate;
      return new Event() {
        @Override
        public void await() {
          try {
            end.await();
          } catch (InterruptedException e) {
            throw new IllegalStateException(e);
          }
        }

        @Override
        public boolean isDone() {
          return end.getCount() == 0;
        }
      };
    }

    private MemorySegment memory(Slice s, long[] at, long more) {
      int bound = (int) program.buffers().subList(0, s.buffer()).stream().filter(b -> b.role().isBound()).count();
      long offset = s.offset() + bindings.get(bound).offset();
      for (int k = 0; k < s.loopSteps().rank(); k++) {
        offset += at[k] * s.loopSteps().get(k);
      }
      return bindings.get(bound).buffer().host().asSlice(offset, s.bytes() + more);
    }

    private void run(List<Step> steps, long[] at) {
      for (Step step : steps) {
        switch (step) {
          case Step.Dispatch d -> {
            MemorySegment target = memory(d.outputs().getFirst(), at, overrun);
            target.copyFrom(memory(d.inputs().getFirst(), at, 0));
            target.asSlice(target.byteSize() - overrun).fill((byte) 1);
          }
          case Step.Loop loop -> {
            for (long t = 0; t < loop.trips(); t++) {
              List<Long> inner = new ArrayList<>(Arrays.stream(at).boxed().toList());
              inner.add(t);
              run(loop.body(), inner.stream().mapToLong(Long::longValue).toArray());
            }
          }
          case Step.Branch b ->
            run(memory(b.predicate(), at, 0).get(ValueLayout.JAVA_BYTE, 0) != 0 ? b.then() : b.otherwise(), at);
        }
      }
    }

    @Override
    public boolean rebind(List<BufferSlice> other) {
      bindings = other;
      return true;
    }

    @Override
    public List<KernelTiming> profile() {
      submit().await();
      return List.of();
    }

    @Override
    public long scratchBytes() {
      return 0;
    }

    @Override
    public void close() {}
  }
}
