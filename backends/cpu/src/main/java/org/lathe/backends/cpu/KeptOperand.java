package org.lathe.backends.cpu;

import java.lang.System.Logger.Level;
import org.jspecify.annotations.Nullable;
import org.lathe.hal.device.HostBuffer;

/**
 * An operand of one dispatch that its kernel packs, such as the filters of a convolution: where it has not changed for some
 * runs, as in inference, the packed form is kept, in memory that is this dispatch's own. Used by one run at a time.
 */
final class KeptOperand {
  private static final System.Logger LOG = System.getLogger("org.lathe.backends.cpu");

  /** Runs without a change before memory is spent. */
  private static final int LEAST_UNCHANGED = 2;

  /** Gets memory that lives as long as the command buffer. */
  interface Memory {
    /** @return the address, or 0 if the device has no room for what it can do without */
    long take(long bytes);
  }

  private final Kernel kernel;
  private final Memory memory;
  private HostBuffer buffer;
  private long version = -1;
  private int unchanged;
  private boolean refused;
  private @Nullable TeamRun own;

  KeptOperand(Kernel kernel, HostBuffer buffer, Memory memory) {
    this.kernel = kernel;
    this.buffer = buffer;
    this.memory = memory;
  }

  /** The operand is from now on in {@code buffer}, or elsewhere in it. */
  void moved(HostBuffer buffer) {
    this.buffer = buffer;
    version = -1;
  }

  /** What the kernel runs with: {@code shared}, or its own. */
  TeamRun before(TeamRun shared) {
    long now = buffer.version();
    if (now != version || now < 0) {
      version = now;
      unchanged = 0;
      if (own != null) {
        own.setPacked(false);
      }
      return shared;
    }
    if (own == null && !refused && ++unchanged >= LEAST_UNCHANGED) {
      long bytes = kernel.keptScratch();
      long address = bytes == 0 ? 0 : memory.take(bytes);
      refused = bytes > 0 && address == 0;
      own = refused ? null : shared.keeping(kernel, address);
      if (refused) {
        LOG.log(Level.DEBUG, "an operand is packed anew in each run: the device has no {0} bytes to keep it", bytes);
      }
    }
    return own == null ? shared : own;
  }

  /** The kernel has run with what {@link #before} gave it. */
  void after(TeamRun run) {
    run.setPacked(run == own);
  }
}
