package org.lathe.conformance.device;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.lathe.hal.DType;
import org.lathe.hal.Dims;
import org.lathe.hal.device.Device;
import org.lathe.hal.device.DeviceInfo;
import org.lathe.hal.device.Probe;
import org.lathe.hal.device.Unsupported;
import org.lathe.hal.expr.Combiner;
import org.lathe.hal.program.BufferDecl;
import org.lathe.hal.program.Program;
import org.lathe.hal.program.Role;
import org.lathe.hal.program.Slice;
import org.lathe.hal.program.Step;
import org.lathe.hal.spec.Attention;
import org.lathe.hal.spec.Contraction;
import org.lathe.hal.spec.Convolution;
import org.lathe.hal.spec.Copy;
import org.lathe.hal.spec.Epilogue;
import org.lathe.hal.spec.Gather;
import org.lathe.hal.spec.KernelSpec;
import org.lathe.hal.spec.Operand;
import org.lathe.hal.spec.Pooling;
import org.lathe.hal.spec.RandomBits;
import org.lathe.hal.spec.Recurrence;
import org.lathe.hal.spec.Scan;
import org.lathe.hal.spec.Scatter;
import org.lathe.hal.spec.Sort;
import org.lathe.hal.spec.TopK;
import org.lathe.hal.spec.View;

/** What a backend says of itself, and that it refuses what it says it refuses. */
final class ErrorCases {
  private ErrorCases() {}

  static List<Case> all() {
    return List.of(
        new Case("the-driver-names-itself", ErrorCases::theDriverNamesItself),
        new Case("the-device-describes-itself", ErrorCases::theDeviceDescribesItself),
        new Case("what-is-refused-is-not-prepared", ErrorCases::whatIsRefusedIsNotPrepared),
        new Case("java-is-unharmed", ErrorCases::javaIsUnharmed));
  }

  private static void theDriverNamesItself(Session session) {
    String name = session.driver().name();
    assertTrue(name.matches("[a-z][a-z0-9-]*"), name);
    Probe.Available found = (Probe.Available) session.driver().probe();
    for (int i = 0; i < found.devices().size(); i++) {
      try (Device d = found.devices().get(i)) {
        assertEquals(i, d.info().index());
        assertEquals(name, d.info().backend());
      }
    }
  }

  private static void theDeviceDescribesItself(Session session) {
    DeviceInfo info = session.device().info();
    assertFalse(info.name().isBlank() || info.version().isBlank(), info.toString());
    assertTrue(info.computeUnits() > 0 && info.memoryBytes() > 0, info.toString());
    assertTrue(session.device().capabilities().dtypes().contains(DType.F32));
  }

  private static void whatIsRefusedIsNotPrepared(Session session) {
    Device d = session.device();
    for (KernelSpec spec : samples()) {
      Optional<String> refused = d.capabilities().refuses(spec);
      if (refused.isEmpty()) {
        d.prepare(alone(spec)).close();
      } else {
        assertFalse(refused.get().isBlank(), "a refusal without a reason of " + spec);
        Unsupported e = assertThrows(Unsupported.class, () -> d.prepare(alone(spec)));
        assertEquals(spec, e.spec());
        assertTrue(e.toString().contains(refused.get()), e.toString());
      }
    }
  }

  /** A program of one kernel, each operand in its own buffer. */
  private static Program alone(KernelSpec spec) {
    List<BufferDecl> buffers = new ArrayList<>();
    List<Slice> in = slices(spec.inputs(), Role.INPUT, buffers);
    List<Slice> out = slices(spec.outputs(), Role.OUTPUT, buffers);
    return new Program("alone", buffers, List.of(new Step.Dispatch(spec, in, out, "alone")));
  }

  private static List<Slice> slices(List<Operand> operands, Role role, List<BufferDecl> buffers) {
    List<Slice> slices = new ArrayList<>();
    for (Operand o : operands) {
      slices.add(new Slice(buffers.size(), 0, o.bytes()));
      buffers.add(new BufferDecl(role + "" + buffers.size(), role, o.bytes(), null));
    }
    return slices;
  }

  private static View dense(long... dims) {
    return View.dense(DType.F32, Dims.of(dims));
  }

  private static List<KernelSpec> samples() {
    DType f32 = DType.F32;
    Convolution.Geometry g = new Convolution.Geometry(1, 2, 5, 5, 3, 5, 5, 3, 3, 1, 1, 1, 1, 1, 1, 1);
    List<KernelSpec> specs = new ArrayList<>(List.of(
        new Copy(13),
        new Contraction(Dims.of(), 3, 5, 7, dense(3, 7), dense(7, 5), Epilogue.store(f32, dense(3, 5))),
        new Convolution(Convolution.Form.FORWARD, g, dense(1, 2, 5, 5), dense(3, 2, 3, 3),
            Epilogue.store(f32, dense(1, 3, 5, 5))),
        Pooling.storing(Pooling.Kind.MAX, Pooling.Form.FORWARD, f32, 1, 2, 4, 4, 2, 2, 2, 2, 2, 2, 0, 0, false),
        new Gather(f32, DType.I32, 5, 3, 7),
        new Scatter(Combiner.SUM, true, f32, DType.I64, 5, 3, 7),
        new RandomBits(13),
        new Sort(f32, 3, 7, false),
        new TopK(f32, 3, 7, 2),
        new Scan(Combiner.SUM, f32, 2, 3, 5, false, false)));
    for (Recurrence.Cell cell : Recurrence.Cell.values()) {
      for (Recurrence.Form form : Recurrence.Form.values()) {
        specs.add(new Recurrence(cell, form, f32, 3, 2, 5, false));
      }
    }
    for (Attention.Form form : Attention.Form.values()) {
      specs.add(new Attention(form, 1, 2, 3, 5, 4, 6, true, 0.5, dense(1, 2, 3, 4), dense(1, 2, 5, 4),
          dense(1, 2, 5, 6), null, dense(1, 2, 3, 6)));
    }
    return specs;
  }

  /** Some drivers install signal handlers, after which integer division by zero gives a number. */
  private static void javaIsUnharmed(Session session) {
    int zero = session.device().allocator().openBuffers();
    assertEquals(0, zero);
    assertThrows(ArithmeticException.class, () -> Integer.toString(1 / zero));
    assertThrows(NullPointerException.class, () -> List.of(1).contains(null));
  }
}
