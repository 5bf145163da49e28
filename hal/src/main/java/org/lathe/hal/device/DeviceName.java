package org.lathe.hal.device;

/**
 * The name of a device as users write it: {@code cpu}, {@code opencl:1}.
 *
 * @param index the device's number within the backend; 0 where the user wrote only the backend
 */
public record DeviceName(String backend, int index) {

  /**
   * The device that {@code text} names.
   *
   * @throws DeviceUnavailable if it is not of the form {@code backend} or {@code backend:index}
   */
  public static DeviceName parse(String text) {
    int colon = text.indexOf(':');
    String backend = colon < 0 ? text : text.substring(0, colon);
    String index = colon < 0 ? "0" : text.substring(colon + 1);
    if (backend.isBlank() || !index.matches("[0-9]{1,9}")) {
      String why = backend.isBlank() ? "the backend is missing" : "'" + index + "' is not a number";
      throw new DeviceUnavailable(
          "'" + text + "' does not name a device: " + why, "write backend or backend:index, such as cpu or opencl:0");
    }
    return new DeviceName(backend, Integer.parseInt(index));
  }

  @Override
  public String toString() {
    return backend + ":" + index;
  }
}
