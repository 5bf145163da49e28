package org.lathe.conformance.device;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.lathe.hal.device.Buffer;
import org.lathe.hal.device.BufferSlice;
import org.lathe.hal.device.CommandBuffer;
import org.lathe.hal.device.Device;
import org.lathe.hal.device.Prepared;
import org.lathe.hal.program.BufferDecl;
import org.lathe.hal.program.Program;

/** A program prepared and recorded on memory of its own, filled with NaN. */
final class Rig implements AutoCloseable {
  private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  final List<Buffer> buffers;
  final CommandBuffer commands;
  private final AutoCloseable prepared;

  /** Prepares the program, and closes what it prepared with itself. */
  Rig(Device device, Program program) {
    Prepared own = device.prepare(program);
    this.prepared = own;
    this.buffers = allocate(device, program);
    this.commands = own.record(whole());
  }

  /** Records a program that the caller has prepared and closes. */
  Rig(Device device, Prepared shared) {
    this.prepared = () -> {};
    this.buffers = allocate(device, shared.program());
    this.commands = shared.record(whole());
  }

  private static List<Buffer> allocate(Device device, Program program) {
    List<Buffer> buffers = new ArrayList<>();
    for (BufferDecl b : program.bound()) {
      Buffer buffer = device.allocator().allocate(b.bytes());
      buffers.add(buffer);
      byte[] nan = new byte[(int) b.bytes()];
      Arrays.fill(nan, (byte) 0xff);
      write(buffer, 0, nan);
    }
    return buffers;
  }

  List<BufferSlice> whole() {
    return buffers.stream().map(BufferSlice::whole).toList();
  }

  void run() {
    commands.submit().await();
  }

  Rig set(int binding, float... values) {
    write(buffers.get(binding), 0, values);
    return this;
  }

  float[] get(int binding) {
    return read(buffers.get(binding));
  }

  static void write(Buffer buffer, long offset, byte[] values) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment copy = arena.allocate(values.length, 64).copyFrom(MemorySegment.ofArray(values));
      buffer.write(offset, copy);
    }
  }

  static byte[] read(Buffer buffer, long offset, int count) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment copy = arena.allocate(count, 64);
      buffer.read(offset, copy);
      return copy.toArray(ValueLayout.JAVA_BYTE);
    }
  }

  static void write(Buffer buffer, long offset, float[] values) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment copy = arena.allocate(4L * values.length, 64);
      for (int i = 0; i < values.length; i++) {
        copy.set(FLOAT, 4L * i, values[i]);
      }
      buffer.write(offset, copy);
    }
  }

  /** All of the buffer. */
  static float[] read(Buffer buffer) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment copy = arena.allocate(buffer.bytes(), 64);
      buffer.read(0, copy);
      float[] values = new float[(int) (buffer.bytes() / 4)];
      for (int i = 0; i < values.length; i++) {
        values[i] = copy.get(FLOAT, 4L * i);
      }
      return values;
    }
  }

  /** Small whole numbers, on which f32 arithmetic is exact. */
  static float[] whole(Random random, int n) {
    float[] values = new float[n];
    for (int i = 0; i < n; i++) {
      values[i] = random.nextInt(2001) - 1000;
    }
    return values;
  }

  @Override
  public void close() throws Exception {
    commands.close();
    buffers.forEach(Buffer::close);
    prepared.close();
  }
}
