package org.lathe.models.zoo;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.lathe.hal.device.Allocator;
import org.lathe.hal.device.BufferSlice;
import org.lathe.hal.device.Capabilities;
import org.lathe.hal.device.CommandBuffer;
import org.lathe.hal.device.Device;
import org.lathe.hal.device.DeviceInfo;
import org.lathe.hal.device.Event;
import org.lathe.hal.device.Prepared;
import org.lathe.hal.program.Program;
import org.lathe.hal.program.Role;

/**
 * A device that takes what another takes and runs nothing: it only keeps the programs that it was given. What a program
 * only writes is 0.
 */
final class RecordingDevice implements Device {
  private final Device like;
  private final List<Program> prepared = new ArrayList<>();

  /** @param like whose memory is used; closed with this */
  RecordingDevice(Device like) {
    this.like = like;
  }

  /** What was prepared so far, in that order. */
  synchronized List<Program> prepared() {
    return List.copyOf(prepared);
  }

  @Override
  public DeviceInfo info() {
    return like.info();
  }

  @Override
  public Capabilities capabilities() {
    return like.capabilities();
  }

  @Override
  public Allocator allocator() {
    return like.allocator();
  }

  @Override
  public synchronized Prepared prepare(Program program) {
    prepared.add(program);
    return new Idle(program);
  }

  @Override
  public void close() {
    like.close();
  }

  private record Idle(Program program) implements Prepared {
    @Override
    public CommandBuffer record(List<BufferSlice> bindings) {
      return new CommandBuffer() {
        @Override
        public Event submit() {
          for (int i = 0; i < bindings.size(); i++) {
            BufferSlice slice = bindings.get(i);
            if (program.bound().get(i).role() == Role.OUTPUT) {
              slice.buffer().write(slice.offset(), MemorySegment.ofArray(new byte[Math.toIntExact(slice.bytes())]));
            }
          }
          return Event.DONE;
        }

        @Override
        public List<KernelTiming> profile() {
          return List.of();
        }

        @Override
        public long scratchBytes() {
          return 0;
        }

        @Override
        public void close() {}
      };
    }

    @Override
    public List<KernelReport> kernels() {
      return List.of();
    }

    @Override
    public void close() {}
  }
}
