package org.lathe.backends.tornadovm;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.lathe.backends.simt.bytecode.TornadoClass;
import org.lathe.backends.simt.plan.Traits;
import org.lathe.backends.tornadovm.TornadoApi.Target;
import org.lathe.hal.device.Device;
import org.lathe.hal.device.DeviceInfo;

/** TornadoVM, started once for the process. */
final class Platform {
  static final String DRIVER = "install an OpenCL loader and a driver, on Debian or Ubuntu"
      + " 'apt-get install ocl-icd-libopencl1 pocl-opencl-icd'; './lathe devices' shows what opencl finds";
  private static final long LEAST_POOL_MEGABYTES = 4096;

  private Platform() {}

  /** What there is. */
  sealed interface State {}

  record Found(List<Checked> targets) implements State {}

  record Nothing(String reason, String remedy) implements State {}

  /** A device that has passed the check at start. */
  record Checked(Engine engine, Facts facts, Optional<Route> asked) {
    /** @param backend the name of the driver */
    Device open(String backend, int index) {
      Target t = engine.target();
      DeviceInfo.Kind kind = switch (t.kind()) {
        case "CPU" -> DeviceInfo.Kind.CPU;
        case "GPU" -> DeviceInfo.Kind.GPU;
        default -> DeviceInfo.Kind.ACCELERATOR;
      };
      // Each buffer is on the host and, where it is bound, on the device.
      long memory = Math.min(t.memoryBytes() / 2, Runtime.getRuntime().maxMemory());
      DeviceInfo info = new DeviceInfo(
          backend, index, kind, t.name().strip() + " (" + t.platform().strip() + ")", t.version().strip(),
          t.computeUnits(), memory);
      return new TornadoDevice(facts, info, engine, asked.orElse(null));
    }
  }

  private static final class Once {
    static final State STATE = find();
  }

  static State found() {
    return Once.STATE;
  }

  private static State find() {
    Optional<Nothing> missing = Installation.ofThisProcess().absence();
    if (missing.isPresent()) {
      return missing.get();
    }
    try {
      prepareProperties();
      AnnotationProvider.install();
      return check(new TornadoApi(TornadoClass.API, Platform.class.getClassLoader()));
    } catch (ExceptionInInitializerError e) {
      return new Nothing("TornadoVM cannot be started: " + root(e), DRIVER);
    } catch (ReflectiveOperationException | LinkageError e) {
      return new Nothing(
          "the TornadoVM that this JVM was started with has another API than Lathe knows: " + e, Installation.INSTALL);
    } catch (RuntimeException e) {
      return new Nothing("TornadoVM cannot be started: " + root(e), DRIVER);
    }
  }

  /** Before TornadoVM reads them, which it does once. */
  private static void prepareProperties() {
    // Without this a kernel that TornadoVM cannot compile runs in Java instead, and nobody is told.
    System.setProperty("tornado.recover.bailout", "False");
    // Its own flags allow compilers to take NaN for what does not happen.
    System.setProperty("tornado.opencl.compiler.flags", "-cl-std=CL1.2 -w");
    if (System.getProperty("tornado.device.memory") == null) {
      long megabytes = Math.max(LEAST_POOL_MEGABYTES, Runtime.getRuntime().maxMemory() / (1 << 20) * 3);
      System.setProperty("tornado.device.memory", megabytes + "MB");
    }
  }

  /**
   * The devices of TornadoVM's OpenCL backend that pass the check at start.
   *
   * @throws RuntimeException what TornadoVM throws if it does not start
   */
  static State check(TornadoApi api) {
    Optional<Route> asked;
    try {
      asked = Route.asked();
    } catch (IllegalArgumentException e) {
      return new Nothing(
          "-D" + Route.PROPERTY + "=" + System.getProperty(Route.PROPERTY) + " names no route",
          "leave it out, or give one of opencl, bytecode");
    }
    synchronized (Engine.TURN) {
      List<Target> targets = api.targets();
      List<Target> openCl = targets.stream().filter(t -> t.backend().equals("OPENCL")).toList();
      if (openCl.isEmpty()) {
        return targets.isEmpty()
            ? new Nothing("TornadoVM finds no device", DRIVER)
            : new Nothing(
                "TornadoVM has devices of " + targets.stream().map(Target::backend).distinct().toList()
                    + " and none of its OpenCL backend, which Lathe's kernels are for",
                "set TORNADOVM_HOME to a TornadoVM that was built with its OpenCL backend");
      }
      List<Checked> passed = new ArrayList<>();
      List<String> faults = new ArrayList<>();
      KernelFiles files = new KernelFiles();
      for (Target t : openCl) {
        Engine engine = new Engine(api, t, files);
        try {
          passed.add(new Checked(engine, SelfCheck.run(engine), asked));
        } catch (RuntimeException e) {
          faults.add(t.name() + ": " + root(e));
        }
      }
      return !passed.isEmpty()
          ? new Found(List.copyOf(passed))
          : new Nothing(
              "no OpenCL device of TornadoVM's passes the check at start: " + String.join("; ", faults),
              "repair or remove the driver that it names; opencl does without TornadoVM");
    }
  }

  private static String root(Throwable e) {
    Throwable cause = e;
    while (cause.getCause() != null) {
      cause = cause.getCause();
    }
    @Nullable
    String message = cause.getMessage();
    return message == null ? cause.toString() : message.lines().findFirst().orElse(cause.toString());
  }

  /** A CPU with vectors of 8 f32, which is not there and shows its kernels. */
  static Device example() {
    Traits traits = new Traits(Traits.Form.CPU, 8, 8, 1, 4096, 1 << 20, SelfCheck.MOST_PARAMETERS, true);
    DeviceInfo info = new DeviceInfo(
        TornadoDriver.NAME, 0, DeviceInfo.Kind.CPU, "an OpenCL device with 8 cores and vectors of 8 f32", "not there",
        8, 1L << 32);
    return new TornadoDevice(
        new Facts(traits, 16, true, Integer.MAX_VALUE, true), info, null, Route.asked().orElse(null));
  }
}
