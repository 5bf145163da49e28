package org.lathe.backends.simt.tune;

import java.util.List;
import org.lathe.backends.simt.schedule.Tuning;
import org.lathe.hal.spec.KernelSpec;

/** A device as the tuner uses it. */
public interface Laboratory {
  /**
   * Memory for one kernel: inputs with these contents, one for each of the spec's, little-endian; and outputs. Closed by the
   * tuner.
   */
  Bench set(KernelSpec spec, List<byte[]> inputs);

  /** One kernel's memory. */
  interface Bench extends AutoCloseable {
    /**
     * Makes one form of the kernel ready to run, beside others. Closed by the tuner before the bench.
     *
     * @throws org.lathe.hal.device.HalException if the device does not take this form
     */
    Trial prepare(Tuning tuning);

    /** Fills the outputs with bytes of 0xff. */
    void poison();

    /** The contents of each output. */
    List<byte[]> outputs();

    @Override
    void close();
  }

  /** One form of a kernel, ready to run. */
  interface Trial extends AutoCloseable {
    /** What the form is, for people. */
    String variant();

    /** Runs it so many times, one after the other, and waits for the end. */
    void run(int times);

    @Override
    void close();
  }
}
