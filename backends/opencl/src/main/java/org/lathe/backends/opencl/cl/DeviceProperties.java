package org.lathe.backends.opencl.cl;

import java.util.Set;

/**
 * What a driver says of a device. Sizes in bytes.
 *
 * @param driver the driver's version
 * @param maxAllocationBytes of one buffer; drivers may give more than they say, or less
 * @param floatLanes the f32 vector width that the driver asks for
 * @param lockstep how many work items run in lockstep; 1 where the driver does not say
 * @param localIsDedicated whether local memory is memory of its own, not a part of global memory
 * @param unified whether host and device share their memory
 * @param baseAlignment of buffers and sub-buffers
 * @param parameterBytes the most bytes of a kernel's arguments
 * @param timerNanos the resolution of event times
 */
public record DeviceProperties(
    Kind kind,
    String name,
    String vendor,
    String platform,
    String platformVersion,
    String version,
    String driver,
    int computeUnits,
    long memoryBytes,
    long maxAllocationBytes,
    long localBytes,
    boolean localIsDedicated,
    int maxGroup,
    int floatLanes,
    int lockstep,
    boolean unified,
    int baseAlignment,
    long parameterBytes,
    long timerNanos,
    boolean hasCompiler,
    boolean isAvailable,
    Set<String> extensions) {

  /** The kinds of devices that OpenCL tells apart. */
  public enum Kind {
    GPU, ACCELERATOR, CPU
  }

  public DeviceProperties {
    extensions = Set.copyOf(extensions);
  }

  public boolean hasF64() {
    return extensions.contains("cl_khr_fp64");
  }

  public boolean hasF16() {
    return extensions.contains("cl_khr_fp16");
  }
}
