package org.lathe.hal.device;

import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * Memory on a device. Belongs to whoever allocated it. Transfers are synchronous, and ordered after the runs submitted
 * before by the same thread; the caller orders them against other threads.
 */
public interface Buffer extends AutoCloseable {
  long bytes();

  /** Copies all of {@code source} to {@code offset}. */
  void write(long offset, MemorySegment source);

  /** Fills {@code target} from {@code offset} on. */
  void read(long offset, MemorySegment target);

  /** The memory itself where the host can address it, else null. Valid until the buffer is closed. */
  @Nullable
  MemorySegment host();

  /** Gives the memory back; a second call does nothing. Not while a run that uses it is under way. */
  @Override
  void close();
}
