package org.lathe.backends.opencl;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.lathe.backends.opencl.cl.ClException;
import org.lathe.backends.simt.plan.Launch;
import org.lathe.backends.simt.program.Bound;
import org.lathe.backends.simt.program.Bounds;
import org.lathe.backends.simt.program.RecordedStep;
import org.lathe.backends.simt.program.Recorder;
import org.lathe.hal.device.Bindings;
import org.lathe.hal.device.BufferSlice;
import org.lathe.hal.device.CommandBuffer;
import org.lathe.hal.device.Event;
import org.lathe.hal.program.Program;

/**
 * A prepared program with kernels and arguments of its own: a run enqueues them, and sets only the offsets that move in
 * loops. Owns scratch memory and workspaces.
 */
final class OpenClCommandBuffer implements CommandBuffer {
  private final OpenClDevice device;
  private final Session session;
  private final Program program;
  private final List<OpenClBuffer> owned = new ArrayList<>();
  /** What each of the program's buffers is bound to. */
  private final Bounds<OpenClBuffer> bounds;
  private final List<RecordedLaunch> launches = new ArrayList<>();
  private final List<RecordedStep<RecordedLaunch>> steps;
  /** The buffers of others that runs use, each once. */
  private OpenClBuffer[] borrowed;
  private @Nullable Lane lastLane;
  private long lastTicket;
  private boolean closed;

  OpenClCommandBuffer(OpenClPrepared prepared, List<BufferSlice> bindings) {
    this.device = prepared.device();
    this.session = device.session();
    this.program = prepared.program();
    checkBindings(bindings);
    try {
      this.bounds = Bounds.of(program, OpenClBuffer.class, bindings, prepared::constant, this::own);
      List<Bound<OpenClBuffer>> workspaces = prepared.plan().workspaces().stream().map(b -> new Bound<>(own(b), 0))
          .toList();
      this.borrowed = borrowed(bindings);
      this.steps = Recorder.record(prepared.plan().steps(), (run, number) -> {
        Launch launch = run.plan().launches().get(number);
        RecordedLaunch recorded = RecordedLaunch.of(prepared.compiled().create(launch.kernel()), launch, run.dispatch(),
            bounds, workspaces);
        launches.add(recorded);
        return recorded;
      });
    } catch (ClException e) {
      release();
      throw session.failed(e, scratchBytes(), device.allocator().freeBytes());
    } catch (RuntimeException e) {
      release();
      throw e;
    }
  }

  private OpenClBuffer own(long bytes) {
    OpenClBuffer buffer = device.allocator().allocate(bytes);
    owned.add(buffer);
    return buffer;
  }

  private static OpenClBuffer[] borrowed(List<BufferSlice> bindings) {
    return bindings.stream().map(s -> (OpenClBuffer) s.buffer()).distinct().toArray(OpenClBuffer[]::new);
  }

  /** Drivers crash on memory of others and on memory that is gone. */
  private void checkBindings(List<BufferSlice> bindings) {
    Bindings.check(program, bindings, b -> b instanceof OpenClBuffer own && own.session() == session);
    bindings.forEach(s -> ((OpenClBuffer) s.buffer()).checkOpen());
  }

  @Override
  public boolean rebind(List<BufferSlice> bindings) {
    checkUsable();
    checkBindings(bindings);
    bounds.rebind(bindings);
    borrowed = borrowed(bindings);
    try {
      launches.forEach(RecordedLaunch::bind);
    } catch (ClException e) {
      throw session.failed(e, 0, device.allocator().freeBytes());
    }
    return true;
  }

  private void checkUsable() {
    if (closed) {
      throw new IllegalStateException(
          "a command buffer of program '" + program.name() + "' is used after it was closed");
    }
    session.checkAlive();
  }

  @Override
  public Event submit() {
    checkUsable();
    for (OpenClBuffer buffer : borrowed) {
      buffer.checkOpen();
    }
    Lane lane = session.lane();
    try {
      awaitOtherLane(lane);
      long ticket = enqueue(lane);
      return lane.event(ticket, e -> {
        throw failed(e);
      });
    } catch (ClException e) {
      throw failed(e);
    }
  }

  /** A run of this command buffer by another thread has its own queue, and the same scratch memory. */
  private void awaitOtherLane(Lane lane) {
    Lane last = lastLane;
    if (last != null && last != lane) {
      last.await(lastTicket);
    }
  }

  private long enqueue(Lane lane) {
    lane.begin();
    try {
      RecordedStep.runAll(steps, new ToLane(lane, bounds));
    } finally {
      // What was enqueued before a failure runs all the same.
      lastTicket = lane.end();
      lastLane = lane;
      for (OpenClBuffer buffer : borrowed) {
        buffer.usedUntil(lane, lastTicket);
      }
    }
    return lastTicket;
  }

  private RuntimeException failed(ClException e) {
    long bytes = scratchBytes();
    for (OpenClBuffer buffer : borrowed) {
      bytes += buffer.bytes();
    }
    return session.failed(e, bytes, device.allocator().freeBytes());
  }

  /** Launches in a lane, many under way at once. */
  private record ToLane(Lane lane, Bounds<OpenClBuffer> bounds) implements RecordedStep.Runner<RecordedLaunch> {
    @Override
    public void run(RecordedStep.Dispatch<RecordedLaunch> dispatch) {
      List<RecordedLaunch> launches = dispatch.launches();
      for (int i = 0; i < launches.size(); i++) {
        lane.queue().run(launches.get(i).ready());
        lane.launched();
      }
    }

    @Override
    public boolean read(int buffer, long offset) {
      lane.drain();
      Bound<OpenClBuffer> bound = bounds.get(buffer);
      return bound.buffer().readByte(bound.offset() + offset) != 0;
    }
  }

  @Override
  public List<KernelTiming> profile() {
    checkUsable();
    Lane lane = session.lane();
    try (Profile profile = new Profile(session.context(), device.info().id(), program.name(), bounds)) {
      awaitOtherLane(lane);
      lane.begin();
      try {
        lane.drain();
        RecordedStep.runAll(steps, profile);
      } finally {
        lane.end();
      }
      return profile.timings();
    } catch (ClException e) {
      throw failed(e);
    }
  }

  @Override
  public long scratchBytes() {
    return owned.stream().mapToLong(OpenClBuffer::bytes).sum();
  }

  /** Waits for the last run. */
  @Override
  public void close() {
    if (closed) {
      return;
    }
    closed = true;
    Lane last = lastLane;
    if (last != null) {
      try {
        last.await(lastTicket);
      } catch (ClException e) {
        // The run failed, and whoever waits for its event is told; here it only matters that it has ended.
        session.failed(e, 0, 0);
      }
    }
    release();
  }

  private void release() {
    launches.forEach(RecordedLaunch::close);
    owned.forEach(OpenClBuffer::close);
  }
}
