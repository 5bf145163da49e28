package org.lathe.backends.tornadovm;

import java.lang.foreign.MemorySegment;
import java.util.Objects;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.lathe.hal.program.Role;

/**
 * One of a program's buffers in the memory of an execution plan, bound to a part of a {@link TornadoBuffer}. Whoever calls
 * it holds {@link Engine#TURN}.
 *
 * <p>The plan's copy is older than the host's, the same, or newer. A run uploads the inputs that are older, and makes what
 * it writes newer, and the copies of other plans older; reading a buffer brings what is newer. So what programs pass on to
 * themselves, such as parameters, stays on the device.
 *
 * <p>A slot that is bound to a whole buffer works in the buffer's own array at first, so that nothing is copied on the host.
 */
final class Slot {
  private enum Copy {
    OLDER, SAME, NEWER
  }

  private final Role role;
  private final long bytes;
  private final Consumer<HostArray> download;
  private final HostArray array;
  private @Nullable TornadoBuffer buffer;
  private long offset;
  private Copy copy = Copy.OLDER;

  /** @param download copies an array from the plan's memory */
  Slot(Role role, long bytes, HostArray array, Consumer<HostArray> download) {
    this.role = role;
    this.bytes = bytes;
    this.array = array;
    this.download = download;
  }

  HostArray array() {
    return array;
  }

  void bind(TornadoBuffer newBuffer, long newOffset) {
    if (newBuffer == buffer && newOffset == offset) {
      return;
    }
    release(true);
    buffer = newBuffer;
    offset = newOffset;
    copy = Copy.OLDER;
    newBuffer.join(this);
  }

  /**
   * Ends the binding; what is newer here is brought first.
   *
   * @param staysInUse whether the slot goes on with its array, so that the buffer needs another one
   */
  void release(boolean staysInUse) {
    TornadoBuffer bound = buffer;
    if (bound == null) {
      return;
    }
    bring();
    bound.leave(this);
    if (staysInUse && bound.isOpen() && bound.array() == array) {
      bound.moveOut();
    }
    buffer = null;
  }

  boolean overlaps(long start, long length) {
    return offset < start + length && start < offset + bytes;
  }

  boolean isWithin(long start, long length) {
    return start <= offset && offset + bytes <= start + length;
  }

  void outdate() {
    copy = Copy.OLDER;
  }

  private TornadoBuffer bound() {
    return Objects.requireNonNull(buffer, "a slot is used before it is bound");
  }

  private boolean isOwn(TornadoBuffer bound) {
    return bound.array() != array;
  }

  /** Before a run. Whether the plan has to upload the array first. */
  boolean prepare() {
    TornadoBuffer bound = bound();
    bound.array();
    if (role == Role.OUTPUT) {
      return false;
    }
    if (copy != Copy.OLDER) {
      return false;
    }
    bound.gather(offset, bytes, this);
    if (isOwn(bound)) {
      MemorySegment.copy(bound.array().data(), offset, array.data(), 0, bytes);
    }
    return true;
  }

  /** After {@link #prepare}, once the array was uploaded. */
  void uploaded() {
    copy = Copy.SAME;
  }

  /** Before a run that may write here. */
  void expectWrite() {
    if (role != Role.INPUT) {
      bound().replace(offset, bytes, this);
    }
  }

  /** After a run. */
  void written() {
    if (role != Role.INPUT) {
      copy = Copy.NEWER;
    }
  }

  /** Brings the plan's copy to the host if it is newer. */
  void bring() {
    TornadoBuffer bound = bound();
    if (copy != Copy.NEWER || !bound.isOpen()) {
      return;
    }
    download.accept(array);
    if (isOwn(bound)) {
      MemorySegment.copy(array.data(), 0, bound.array().data(), offset, bytes);
    }
    copy = Copy.SAME;
  }
}
