package org.lathe.bench;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.lathe.hal.device.Buffer;
import org.lathe.hal.device.BufferSlice;
import org.lathe.hal.device.CommandBuffer;
import org.lathe.hal.device.Device;
import org.lathe.hal.device.Event;
import org.lathe.hal.device.Prepared;
import org.lathe.hal.program.BufferDecl;
import org.lathe.hal.program.Program;

/** A program on a device with memory of its own, its f32 inputs random in [-1, 1). One thread. */
final class BoundProgram implements AutoCloseable {
  private final Device device;
  private final List<Buffer> buffers = new ArrayList<>();
  private final Prepared prepared;
  private final CommandBuffer commands;

  BoundProgram(String deviceId, Program program) {
    device = Devices.open(deviceId);
    Random random = new Random(1);
    List<BufferSlice> bindings = new ArrayList<>();
    for (BufferDecl declared : program.bound()) {
      Buffer buffer = device.allocator().allocate(declared.bytes());
      fill(buffer, random);
      buffers.add(buffer);
      bindings.add(BufferSlice.whole(buffer));
    }
    prepared = device.prepare(program);
    commands = prepared.record(bindings);
  }

  private static void fill(Buffer buffer, Random random) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment values = arena.allocate(buffer.bytes());
      for (long i = 0; i < buffer.bytes() / Float.BYTES; i++) {
        values.setAtIndex(ValueLayout.JAVA_FLOAT, i, 2 * random.nextFloat() - 1);
      }
      buffer.write(0, values);
    }
  }

  /** Runs once and waits. */
  Event run() {
    Event done = commands.submit();
    done.await();
    return done;
  }

  @Override
  public void close() {
    commands.close();
    prepared.close();
    buffers.forEach(Buffer::close);
    device.close();
  }
}
