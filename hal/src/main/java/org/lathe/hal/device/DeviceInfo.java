package org.lathe.hal.device;

/**
 * What a device is, for people and for reports.
 *
 * @param backend the driver's name
 * @param index its number within the backend
 * @param name the product's name
 * @param version of the driver, or of the backend
 * @param computeUnits cores, multiprocessors or work threads
 * @param memoryBytes what may be allocated
 */
public record DeviceInfo(
    String backend, int index, Kind kind, String name, String version, int computeUnits, long memoryBytes) {
  public enum Kind {
    CPU, GPU, ACCELERATOR
  }

  /** The name on the command line, such as {@code opencl:0}. */
  public String id() {
    return backend + ":" + index;
  }
}
