package org.lathe.backends.opencl;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.lathe.backends.opencl.cl.ClException;
import org.lathe.backends.opencl.cl.OpenCl;
import org.lathe.hal.device.DeviceLost;
import org.lathe.hal.device.DeviceUnavailable;
import org.lathe.hal.device.OutOfDeviceMemory;
import org.lathe.hal.device.Probe;

/** What users are told of a failed call, and of a machine without devices. */
class FailuresTest {
  private static final Map<String, Class<?>> KINDS = Map.of(
      "memory", OutOfDeviceMemory.class, "lost", DeviceLost.class, "defect", IllegalStateException.class);

  @BeforeEach
  void statusesHaveNames() {
    Devices.found();
  }

  @ParameterizedTest
  @CsvSource({"clEnqueueNDRangeKernel, -4, memory", "clEnqueueNDRangeKernel, -5, memory",
      "clEnqueueNDRangeKernel, -6, memory", "clEnqueueNDRangeKernel, -2, lost", "clEnqueueNDRangeKernel, -36, lost",
      "clEnqueueNDRangeKernel, -52, defect", "clEnqueueMapBuffer, -12, memory", "clWaitForEvents, -14, lost",
      "clWaitForEvents, -5, lost", "clFinish, -9999, lost", "clFinish, -36, lost", "clWaitForEvents, -4, memory",
      "clSetKernelArg, -51, defect"})
  void aStatusMeansWhatItMeansInItsPlace(String call, int status, String kind) {
    ClException cause = new ClException(call, status);
    RuntimeException e = Failures.running("opencl:0", cause, 1000, 10);
    assertInstanceOf(KINDS.get(kind), e);
    assertSame(cause, e.getCause());
    assertTrue(e instanceof OutOfDeviceMemory || e.getMessage().contains(call), e.getMessage());
    assertEquals(1, e.getMessage().lines().count());
    if (e instanceof OutOfDeviceMemory o) {
      assertEquals(1000, o.askedBytes());
      assertEquals(10, o.freeBytes());
    }
  }

  @Test
  void aDeviceThatCannotBeOpenedIsUnavailable() {
    DeviceUnavailable e = (DeviceUnavailable) Failures.opening("opencl:1", new ClException("clCreateContext", -2));
    assertTrue(e.reason().contains("opencl:1") && e.reason().contains("CL_DEVICE_NOT_AVAILABLE"), e.reason());
    assertTrue(!e.remedy().isBlank());
  }

  @ParameterizedTest
  @EnumSource
  void everyAbsenceHasAReasonAndARemedy(OpenCl.Cause cause) {
    for (String system : new String[]{"Linux", "Windows 11", "Mac OS X"}) {
      Probe.Unavailable p = Absence.explain(new OpenCl.Nothing(cause, "what was found"), Map.of(), system);
      assertTrue(p.reason().contains("what was found"), p.reason());
      assertTrue(!p.remedy().isBlank() && p.remedy().lines().count() == 1, p.remedy());
      assertTrue(system.equals("Linux") || cause == OpenCl.Cause.NO_DEVICE || !p.remedy().contains("apt-get"));
    }
  }

  @Test
  void theCacheOfPoclIsLookedForWherePoclDoes(@TempDir Path directory) throws IOException {
    OpenCl.Nothing nothing = new OpenCl.Nothing(OpenCl.Cause.NO_DEVICE, "x");
    Path missing = Files.createFile(directory.resolve("file")).resolve("in a file");
    for (Map<String, String> environment : List.of(
        Map.of("POCL_CACHE_DIR", missing.toString()),
        Map.of("XDG_CACHE_HOME", missing.toString()),
        Map.of("HOME", missing.toString()))) {
      Probe.Unavailable p = Absence.explain(nothing, environment, "Linux");
      assertTrue(p.reason().contains(missing.toString()) && p.remedy().contains("POCL_CACHE_DIR"), p.toString());
    }
  }
}
