package org.lathe.compiler.runtime;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.lathe.hal.DType;
import org.lathe.hal.device.Allocator;
import org.lathe.hal.device.Buffer;
import org.lathe.hal.device.BufferSlice;
import org.lathe.hal.device.Capabilities;
import org.lathe.hal.device.CommandBuffer;
import org.lathe.hal.device.Device;
import org.lathe.hal.device.DeviceInfo;
import org.lathe.hal.device.DeviceLost;
import org.lathe.hal.device.Event;
import org.lathe.hal.device.OutOfDeviceMemory;
import org.lathe.hal.device.Prepared;
import org.lathe.hal.program.Program;
import org.lathe.hal.program.Slice;
import org.lathe.hal.program.Step;
import org.lathe.hal.spec.KernelSpec;

/** A device for tests that knows how to copy bytes, counts what is open, and fails when told to. */
final class CopyDevice implements Device {
  final AtomicInteger open = new AtomicInteger();
  final AtomicLong bytes = new AtomicLong();
  final AtomicInteger recorded = new AtomicInteger();
  final AtomicInteger openRecordings = new AtomicInteger();
  final AtomicInteger prepared = new AtomicInteger();
  final boolean rebinds;
  volatile long budget = Long.MAX_VALUE;
  volatile boolean lost;
  volatile boolean closed;
  /** Where given, every run waits for it: proves that runs overlap. */
  volatile @Nullable CyclicBarrier meeting;

  CopyDevice(boolean rebinds) {
    this.rebinds = rebinds;
  }

  @Override
  public DeviceInfo info() {
    return new DeviceInfo("copy", 0, DeviceInfo.Kind.CPU, "copies", "1", 1, 1 << 20);
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
        return Optional.empty();
      }
    };
  }

  private final class Memory implements Buffer {
    private final Arena arena = Arena.ofShared();
    private final MemorySegment segment;
    private boolean isClosed;

    Memory(long size) {
      segment = arena.allocate(size, 64);
      segment.fill((byte) 0x7f);
      open.incrementAndGet();
      CopyDevice.this.bytes.addAndGet(size);
    }

    @Override
    public long bytes() {
      return segment.byteSize();
    }

    @Override
    public void write(long offset, MemorySegment source) {
      MemorySegment.copy(source, 0, segment, offset, source.byteSize());
    }

    @Override
    public void read(long offset, MemorySegment target) {
      MemorySegment.copy(segment, offset, target, 0, target.byteSize());
    }

    @Override
    public @Nullable MemorySegment host() {
      return null;
    }

    @Override
    public synchronized void close() {
      if (!isClosed) {
        isClosed = true;
        CopyDevice.this.bytes.addAndGet(-segment.byteSize());
        open.decrementAndGet();
        arena.close();
      }
    }
  }

  @Override
  public Allocator allocator() {
    return new Allocator() {
      @Override
      public Buffer allocate(long size) {
        if (bytes.get() + size > budget) {
          throw new OutOfDeviceMemory(size, budget - bytes.get());
        }
        return new Memory(size);
      }

      @Override
      public long allocatedBytes() {
        return bytes.get();
      }

      @Override
      public int openBuffers() {
        return open.get();
      }
    };
  }

  @Override
  public Prepared prepare(Program program) {
    prepared.incrementAndGet();
    return new Prepared() {
      @Override
      public Program program() {
        return program;
      }

      @Override
      public CommandBuffer record(List<BufferSlice> bindings) {
        recorded.incrementAndGet();
        openRecordings.incrementAndGet();
        return new Commands(program, bindings);
      }

      @Override
      public List<KernelReport> kernels() {
        return List.of();
      }

      @Override
      public void close() {
        prepared.decrementAndGet();
      }
    };
  }

  private final class Commands implements CommandBuffer {
    private final Program program;
    private BufferSlice[] bindings;

    Commands(Program program, List<BufferSlice> bindings) {
      this.program = program;
      this.bindings = bindings.toArray(BufferSlice[]::new);
    }

    @Override
    public boolean rebind(List<BufferSlice> other) {
      if (rebinds) {
        bindings = other.toArray(BufferSlice[]::new);
      }
      return rebinds;
    }

    @Override
    public Event submit() {
      CyclicBarrier together = meeting;
      if (together != null) {
        try {
          together.await();
        } catch (Exception e) {
          throw new IllegalStateException(e);
        }
      }
      if (lost) {
        throw new DeviceLost("copy:0", "told to fail");
      }
      List<Step> steps = program.steps();
      for (int i = 0; i < steps.size(); i++) {
        Step.Dispatch d = (Step.Dispatch) steps.get(i);
        Slice from = d.inputs().getFirst();
        Slice to = d.outputs().getFirst();
        MemorySegment.copy(
            memory(from.buffer()).segment, from.offset(), memory(to.buffer()).segment, to.offset(), from.bytes());
      }
      return Event.DONE;
    }

    private Memory memory(int buffer) {
      return (Memory) bindings[buffer].buffer();
    }

    @Override
    public List<KernelTiming> profile() {
      submit();
      return List.of(new KernelTiming(0, "copy", "copy", 0, 1));
    }

    @Override
    public long scratchBytes() {
      return 0;
    }

    @Override
    public void close() {
      openRecordings.decrementAndGet();
    }
  }

  @Override
  public void close() {
    closed = true;
  }
}
