package org.lathe.backends.opencl.cl;

import org.jocl.CL;
import org.jocl.CLException;

/** An OpenCL call that did not succeed, with its status. Never leaves this backend: it becomes one of hal's errors. */
public final class ClException extends RuntimeException {
  private static final long serialVersionUID = 1;

  public static final int DEVICE_NOT_FOUND = CL.CL_DEVICE_NOT_FOUND;
  public static final int DEVICE_NOT_AVAILABLE = CL.CL_DEVICE_NOT_AVAILABLE;
  public static final int COMPILER_NOT_AVAILABLE = CL.CL_COMPILER_NOT_AVAILABLE;
  public static final int MEM_OBJECT_ALLOCATION_FAILURE = CL.CL_MEM_OBJECT_ALLOCATION_FAILURE;
  public static final int OUT_OF_RESOURCES = CL.CL_OUT_OF_RESOURCES;
  public static final int OUT_OF_HOST_MEMORY = CL.CL_OUT_OF_HOST_MEMORY;
  public static final int MAP_FAILURE = CL.CL_MAP_FAILURE;
  public static final int BUILD_PROGRAM_FAILURE = CL.CL_BUILD_PROGRAM_FAILURE;
  public static final int EXEC_STATUS_ERROR_FOR_EVENTS_IN_WAIT_LIST = CL.CL_EXEC_STATUS_ERROR_FOR_EVENTS_IN_WAIT_LIST;
  public static final int INVALID_VALUE = CL.CL_INVALID_VALUE;
  public static final int INVALID_DEVICE = CL.CL_INVALID_DEVICE;
  public static final int INVALID_BINARY = CL.CL_INVALID_BINARY;
  public static final int INVALID_BUFFER_SIZE = CL.CL_INVALID_BUFFER_SIZE;
  public static final int PLATFORM_NOT_FOUND = -1001;
  /** What NVIDIA's driver says after a wild access of a kernel. */
  public static final int NVIDIA_ILLEGAL_ACCESS = -9999;

  /** In place of the name of a call: what was enqueued before has failed. */
  static final String COMMAND = "a command";

  private final String call;
  private final int status;

  public ClException(String call, int status) {
    this.call = call;
    this.status = status;
  }

  /** The function and what it gave, such as {@code clCreateBuffer gave CL_INVALID_BUFFER_SIZE}. */
  @Override
  public String getMessage() {
    return call + " gave " + name(status);
  }

  /** The OpenCL function. */
  public String call() {
    return call;
  }

  public int status() {
    return status;
  }

  /** Whether a command that had been enqueued failed, and not the call that enqueues one. */
  public boolean isOfWaiting() {
    return call.equals("clWaitForEvents") || call.equals("clFinish") || call.equals(COMMAND);
  }

  /** The status as the specification names it. */
  public static String name(int status) {
    return switch (status) {
      case PLATFORM_NOT_FOUND -> "CL_PLATFORM_NOT_FOUND_KHR";
      case NVIDIA_ILLEGAL_ACCESS -> "-9999 (illegal access in a kernel)";
      default -> {
        String name = CL.stringFor_errorCode(status);
        yield name.startsWith("CL_") ? name : Integer.toString(status);
      }
    };
  }

  /** A call that answers with its status. */
  interface Call {
    int run();
  }

  /** A call that answers with an object, and writes its status. */
  interface Creation<T> {
    T run(int[] status);
  }

  /**
   * Runs {@code call} and throws if it did not succeed. JOCL throws or answers, by a setting of the whole process that is
   * not ours; both come to the same here.
   */
  static void check(String name, Call call) {
    int status;
    try {
      status = call.run();
    } catch (CLException e) {
      status = e.getStatus();
    }
    if (status != CL.CL_SUCCESS) {
      throw new ClException(name, status);
    }
  }

  /** The object that {@code call} makes. */
  static <T> T create(String name, Creation<T> call) {
    int[] status = new int[1];
    T made;
    try {
      made = call.run(status);
    } catch (CLException e) {
      throw new ClException(name, e.getStatus());
    }
    if (status[0] != CL.CL_SUCCESS) {
      throw new ClException(name, status[0]);
    }
    return made;
  }
}
