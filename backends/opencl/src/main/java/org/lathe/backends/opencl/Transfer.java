package org.lathe.backends.opencl;

import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.Deque;
import org.jspecify.annotations.Nullable;
import org.lathe.backends.opencl.cl.ClEvent;
import org.lathe.backends.opencl.cl.ClMemory;
import org.lathe.backends.opencl.cl.ClQueue;
import org.lathe.backends.opencl.cl.ClQueue.Access;

/**
 * How bytes go between the host and a device. Synchronous; after the runs that use the buffer. Ranges are checked and not
 * empty. Any thread.
 */
sealed interface Transfer extends AutoCloseable {
  void write(OpenClBuffer target, long offset, MemorySegment source);

  void read(OpenClBuffer source, long offset, MemorySegment target);

  @Override
  default void close() {}

  /** For {@link MemoryModel#SHARED}: the host's own copy. */
  final class Shared implements Transfer {
    @Override
    public void write(OpenClBuffer target, long offset, MemorySegment source) {
      target.awaitUses();
      MemorySegment.copy(source, 0, target.hostMemory(), offset, source.byteSize());
    }

    @Override
    public void read(OpenClBuffer source, long offset, MemorySegment target) {
      source.awaitUses();
      MemorySegment.copy(source.hostMemory(), offset, target, 0, target.byteSize());
    }
  }

  /** For {@link MemoryModel#MAPPED}: the host's own copy, between mapping and unmapping. */
  final class Mapped implements Transfer {
    private static final long PART = 256L << 20;

    @Override
    public void write(OpenClBuffer target, long offset, MemorySegment source) {
      target.awaitUses();
      ClQueue queue = target.session().lane().queue();
      for (long done = 0; done < source.byteSize(); done += PART) {
        long bytes = Math.min(PART, source.byteSize() - done);
        try (var mapping = queue.map(target.memory(), target.base() + offset + done, bytes, Access.WRITE)) {
          MemorySegment.copy(source, done, mapping.segment(), 0, bytes);
        }
      }
    }

    @Override
    public void read(OpenClBuffer source, long offset, MemorySegment target) {
      source.awaitUses();
      ClQueue queue = source.session().lane().queue();
      for (long done = 0; done < target.byteSize(); done += PART) {
        long bytes = Math.min(PART, target.byteSize() - done);
        try (var mapping = queue.map(source.memory(), source.base() + offset + done, bytes, Access.READ)) {
          MemorySegment.copy(mapping.segment(), 0, target, done, bytes);
        }
      }
    }
  }

  /**
   * For {@link MemoryModel#STAGED}: through memory that the driver has pinned, which a device copies from and to at full
   * speed. One half is copied by the host while the device copies the other.
   */
  final class Staged implements Transfer {
    private static final long HALF = 4L << 20;

    /** Pinned memory of two halves, mapped for as long as it lives. */
    private static final class Stage implements AutoCloseable {
      private final ClMemory memory;
      private final ClQueue.Mapping mapping;
      private final MemorySegment[] halves;

      Stage(Session session, ClQueue queue) {
        this.memory = session.context().hostReachableMemory(2 * HALF);
        try {
          this.mapping = queue.map(memory, 0, 2 * HALF, Access.READ_WRITE);
        } catch (RuntimeException e) {
          memory.close();
          throw e;
        }
        this.halves = new MemorySegment[]{mapping.segment().asSlice(0, HALF), mapping.segment().asSlice(HALF, HALF)};
      }

      MemorySegment half(long part, long bytes) {
        return halves[(int) (part % 2)].asSlice(0, bytes);
      }

      @Override
      public void close() {
        mapping.close();
        memory.close();
      }
    }

    private final Session session;
    private final Deque<Stage> idle = new ArrayDeque<>();
    private @Nullable ClQueue queue;

    Staged(Session session) {
      this.session = session;
    }

    private synchronized Stage take() {
      Stage stage = idle.poll();
      if (stage != null) {
        return stage;
      }
      if (queue == null) {
        queue = session.context().queue(false);
      }
      return new Stage(session, queue);
    }

    private synchronized void giveBack(Stage stage) {
      idle.push(stage);
    }

    @Override
    public void write(OpenClBuffer target, long offset, MemorySegment source) {
      target.awaitUses();
      ClQueue lane = session.lane().queue();
      Stage stage = take();
      ClEvent[] pending = new ClEvent[2];
      try {
        long part = 0;
        for (long done = 0; done < source.byteSize(); done += HALF, part++) {
          long bytes = Math.min(HALF, source.byteSize() - done);
          finish(pending, part);
          MemorySegment half = stage.half(part, bytes);
          MemorySegment.copy(source, done, half, 0, bytes);
          lane.write(target.memory(), target.base() + offset + done, half);
          pending[(int) (part % 2)] = lane.marker();
          lane.flush();
        }
      } finally {
        finish(pending, 0);
        finish(pending, 1);
        giveBack(stage);
      }
    }

    @Override
    public void read(OpenClBuffer source, long offset, MemorySegment target) {
      source.awaitUses();
      ClQueue lane = session.lane().queue();
      Stage stage = take();
      ClEvent[] pending = new ClEvent[2];
      try {
        long parts = Math.ceilDiv(target.byteSize(), HALF);
        for (long part = 0; part <= parts; part++) {
          if (part < parts) {
            long done = part * HALF;
            long bytes = Math.min(HALF, target.byteSize() - done);
            lane.read(source.memory(), source.base() + offset + done, stage.half(part, bytes));
            pending[(int) (part % 2)] = lane.marker();
            lane.flush();
          }
          if (part > 0) {
            long done = (part - 1) * HALF;
            long bytes = Math.min(HALF, target.byteSize() - done);
            finish(pending, part - 1);
            MemorySegment.copy(stage.half(part - 1, bytes), 0, target, done, bytes);
          }
        }
      } finally {
        finish(pending, 0);
        finish(pending, 1);
        giveBack(stage);
      }
    }

    private static void finish(@Nullable ClEvent[] pending, long part) {
      int half = (int) (part % 2);
      ClEvent event = pending[half];
      if (event != null) {
        pending[half] = null;
        try (event) {
          event.await();
        }
      }
    }

    @Override
    public synchronized void close() {
      idle.forEach(Stage::close);
      idle.clear();
      if (queue != null) {
        queue.close();
      }
    }
  }
}
