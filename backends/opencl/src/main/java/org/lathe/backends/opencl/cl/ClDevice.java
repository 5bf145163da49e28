package org.lathe.backends.opencl.cl;

import static org.lathe.backends.opencl.cl.ClException.check;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import org.jocl.CL;
import org.jocl.Pointer;
import org.jocl.cl_device_id;
import org.jocl.cl_platform_id;
import org.lathe.backends.opencl.cl.DeviceProperties.Kind;

/** A device of some platform. Lasts as long as the process; any thread. */
public final class ClDevice {
  private static final int WARP_SIZE_NV = 0x4003;
  private static final int WAVEFRONT_WIDTH_AMD = 0x4043;

  private final cl_platform_id platform;
  private final cl_device_id id;
  private final DeviceProperties properties;

  private ClDevice(cl_platform_id platform, cl_device_id id, DeviceProperties properties) {
    this.platform = platform;
    this.id = id;
    this.properties = properties;
  }

  cl_platform_id platform() {
    return platform;
  }

  cl_device_id id() {
    return id;
  }

  public DeviceProperties properties() {
    return properties;
  }

  /**
   * The devices of all platforms: GPUs, accelerators, CPUs, in each kind by platform name and then as the platform lists
   * them, so that the order does not depend on the order of the installed drivers.
   *
   * @throws ClException PLATFORM_NOT_FOUND if the loader has no driver; DEVICE_NOT_FOUND if no driver has a device
   */
  static List<ClDevice> all() {
    int[] count = new int[1];
    check("clGetPlatformIDs", () -> CL.clGetPlatformIDs(0, null, count));
    cl_platform_id[] platforms = new cl_platform_id[count[0]];
    if (platforms.length == 0) {
      throw new ClException("clGetPlatformIDs", ClException.PLATFORM_NOT_FOUND);
    }
    check("clGetPlatformIDs", () -> CL.clGetPlatformIDs(platforms.length, platforms, null));
    List<ClDevice> devices = new ArrayList<>();
    for (cl_platform_id p : platforms) {
      for (cl_device_id d : ids(p)) {
        devices.add(new ClDevice(p, d, properties(p, d)));
      }
    }
    if (devices.isEmpty()) {
      throw new ClException("clGetDeviceIDs", ClException.DEVICE_NOT_FOUND);
    }
    devices.sort(Comparator.comparing((ClDevice d) -> d.properties.kind()).thenComparing(d -> d.properties.platform()));
    return List.copyOf(devices);
  }

  /** A platform without a device does not hide the devices of others. */
  private static cl_device_id[] ids(cl_platform_id platform) {
    try {
      int[] count = new int[1];
      check("clGetDeviceIDs", () -> CL.clGetDeviceIDs(platform, CL.CL_DEVICE_TYPE_ALL, 0, null, count));
      cl_device_id[] ids = new cl_device_id[count[0]];
      check("clGetDeviceIDs", () -> CL.clGetDeviceIDs(platform, CL.CL_DEVICE_TYPE_ALL, ids.length, ids, null));
      return ids;
    } catch (ClException e) {
      if (e.status() == ClException.DEVICE_NOT_FOUND) {
        return new cl_device_id[0];
      }
      throw e;
    }
  }

  private static DeviceProperties properties(cl_platform_id p, cl_device_id d) {
    Set<String> extensions = Set.of(text(d, CL.CL_DEVICE_EXTENSIONS).trim().split("\\s+"));
    long type = number(d, CL.CL_DEVICE_TYPE, 8);
    return new DeviceProperties(
        (type & CL.CL_DEVICE_TYPE_GPU) != 0
            ? Kind.GPU
            : (type & CL.CL_DEVICE_TYPE_CPU) != 0 ? Kind.CPU : Kind.ACCELERATOR,
        text(d, CL.CL_DEVICE_NAME),
        text(d, CL.CL_DEVICE_VENDOR),
        text(p, CL.CL_PLATFORM_NAME),
        text(p, CL.CL_PLATFORM_VERSION),
        text(d, CL.CL_DEVICE_VERSION),
        text(d, CL.CL_DRIVER_VERSION),
        (int) number(d, CL.CL_DEVICE_MAX_COMPUTE_UNITS, 4),
        number(d, CL.CL_DEVICE_GLOBAL_MEM_SIZE, 8),
        number(d, CL.CL_DEVICE_MAX_MEM_ALLOC_SIZE, 8),
        number(d, CL.CL_DEVICE_LOCAL_MEM_SIZE, 8),
        number(d, CL.CL_DEVICE_LOCAL_MEM_TYPE, 4) == CL.CL_LOCAL,
        (int) number(d, CL.CL_DEVICE_MAX_WORK_GROUP_SIZE, 8),
        Math.max(1, (int) number(d, CL.CL_DEVICE_PREFERRED_VECTOR_WIDTH_FLOAT, 4)),
        lockstep(d, extensions),
        number(d, CL.CL_DEVICE_HOST_UNIFIED_MEMORY, 4) != 0,
        (int) Math.max(1, number(d, CL.CL_DEVICE_MEM_BASE_ADDR_ALIGN, 4) / 8),
        number(d, CL.CL_DEVICE_MAX_PARAMETER_SIZE, 8),
        number(d, CL.CL_DEVICE_PROFILING_TIMER_RESOLUTION, 8),
        number(d, CL.CL_DEVICE_COMPILER_AVAILABLE, 4) != 0,
        number(d, CL.CL_DEVICE_AVAILABLE, 4) != 0,
        extensions);
  }

  private static int lockstep(cl_device_id d, Set<String> extensions) {
    if (extensions.contains("cl_nv_device_attribute_query")) {
      return (int) number(d, WARP_SIZE_NV, 4);
    }
    if (extensions.contains("cl_amd_device_attribute_query")) {
      return (int) number(d, WAVEFRONT_WIDTH_AMD, 4);
    }
    return 1;
  }

  private static long number(cl_device_id d, int what, int bytes) {
    if (bytes == 4) {
      int[] value = new int[1];
      check("clGetDeviceInfo", () -> CL.clGetDeviceInfo(d, what, 4, Pointer.to(value), null));
      return Integer.toUnsignedLong(value[0]);
    }
    long[] value = new long[1];
    check("clGetDeviceInfo", () -> CL.clGetDeviceInfo(d, what, 8, Pointer.to(value), null));
    return value[0];
  }

  private static String text(cl_device_id d, int what) {
    long[] size = new long[1];
    check("clGetDeviceInfo", () -> CL.clGetDeviceInfo(d, what, 0, null, size));
    byte[] text = new byte[(int) size[0]];
    check("clGetDeviceInfo", () -> CL.clGetDeviceInfo(d, what, text.length, Pointer.to(text), null));
    return string(text);
  }

  private static String text(cl_platform_id p, int what) {
    long[] size = new long[1];
    check("clGetPlatformInfo", () -> CL.clGetPlatformInfo(p, what, 0, null, size));
    byte[] text = new byte[(int) size[0]];
    check("clGetPlatformInfo", () -> CL.clGetPlatformInfo(p, what, text.length, Pointer.to(text), null));
    return string(text);
  }

  /** What stands before the terminating zero, without the spaces that some drivers pad names with. */
  static String string(byte[] text) {
    int length = 0;
    while (length < text.length && text[length] != 0) {
      length++;
    }
    return new String(text, 0, length, StandardCharsets.UTF_8).strip();
  }

  @Override
  public String toString() {
    return properties.name() + " (" + properties.platform() + ")";
  }
}
