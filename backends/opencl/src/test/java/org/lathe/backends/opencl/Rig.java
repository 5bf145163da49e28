package org.lathe.backends.opencl;

import java.util.List;
import org.lathe.hal.device.Buffer;
import org.lathe.hal.device.BufferSlice;
import org.lathe.hal.device.CommandBuffer;
import org.lathe.hal.device.Device;
import org.lathe.hal.device.Prepared;
import org.lathe.hal.program.Program;

/** A program recorded on memory of its own. */
final class Rig implements AutoCloseable {
  final Prepared prepared;
  final List<Buffer> buffers;
  final CommandBuffer commands;

  Rig(Device device, Program program) {
    prepared = device.prepare(program);
    buffers = program.bound().stream().map(b -> device.allocator().allocate(b.bytes())).toList();
    commands = prepared.record(buffers.stream().map(BufferSlice::whole).toList());
  }

  Rig set(int binding, float... values) {
    Programs.write(buffers.get(binding), values);
    return this;
  }

  float[] get(int binding) {
    return Programs.read(buffers.get(binding));
  }

  void run() {
    commands.submit().await();
  }

  @Override
  public void close() {
    commands.close();
    buffers.forEach(Buffer::close);
    prepared.close();
  }
}
