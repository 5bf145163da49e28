package org.lathe.backends.opencl.cl;

import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.jocl.CL;
import org.jocl.CLException;

/**
 * An object of the driver. Drivers crash on objects that are released twice or used afterwards, so it is released once,
 * and every use asks first whether it is open. Whoever made it closes it; nobody closes it while another thread uses it.
 */
public abstract class Handle implements AutoCloseable {
  private static final AtomicLong OPEN = new AtomicLong();

  private final AtomicBoolean closed = new AtomicBoolean();

  Handle() {
    OPEN.incrementAndGet();
  }

  /** How many objects of this process are open, of all kinds: what tests for leaks count. */
  public static long open() {
    return OPEN.get();
  }

  public final boolean isClosed() {
    return closed.get();
  }

  final void checkOpen() {
    if (closed.get()) {
      throw new IllegalStateException(getClass().getSimpleName() + " is used after it was closed");
    }
  }

  /** Gives the object back. @return the status */
  abstract int release();

  /**
   * Gives the object back to the driver; a second call does nothing. A driver that has lost its device may refuse even
   * this, and then there is nothing left to do but to say so.
   */
  @Override
  public final void close() {
    if (closed.getAndSet(true)) {
      return;
    }
    OPEN.decrementAndGet();
    int status;
    try {
      status = release();
    } catch (CLException e) {
      status = e.getStatus();
    }
    if (status != CL.CL_SUCCESS) {
      System.getLogger(Handle.class.getName()).log(
          System.Logger.Level.DEBUG, "releasing {0} gave {1}", getClass().getSimpleName(), ClException.name(status));
    }
  }
}
