package org.lathe.conformance.device;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.lathe.conformance.device.Kernels.at;
import static org.lathe.conformance.device.Kernels.floats;

import java.util.List;
import java.util.Random;
import org.lathe.hal.Dims;
import org.lathe.hal.device.Buffer;
import org.lathe.hal.device.BufferSlice;
import org.lathe.hal.device.CommandBuffer;
import org.lathe.hal.device.Device;
import org.lathe.hal.device.Prepared;
import org.lathe.hal.expr.BinaryOp;
import org.lathe.hal.expr.UnaryOp;
import org.lathe.hal.program.BufferDecl;
import org.lathe.hal.program.Program;
import org.lathe.hal.program.Role;
import org.lathe.hal.program.Slice;
import org.lathe.hal.program.Step;
import org.lathe.hal.validate.ValidatingDevice;

/** What a program does: dispatches, slices, scratch memory, constants, loops, branches. Checked against plain loops. */
final class ProgramCases {
  private ProgramCases() {}

  static List<Case> all() {
    return List.of(
        new Case("an-empty-program-runs", ProgramCases::anEmptyProgramRuns),
        new Case("kernels-of-awkward-sizes", ProgramCases::kernelsOfAwkwardSizes),
        new Case("copies-of-awkward-sizes", ProgramCases::copiesOfAwkwardSizes),
        new Case("slices-begin-at-their-offsets", ProgramCases::slicesBeginAtTheirOffsets),
        new Case("bound-slices-begin-at-their-offsets", ProgramCases::boundSlicesBeginAtTheirOffsets),
        new Case("constants-are-there", ProgramCases::constantsAreThere),
        new Case("scratch-carries-values-between-steps", ProgramCases::scratchCarriesValues),
        new Case("loops-move-their-slices", ProgramCases::loopsMoveTheirSlices),
        new Case("loops-nest", ProgramCases::loopsNest),
        new Case("loops-of-no-trips-do-nothing", ProgramCases::loopsOfNoTripsDoNothing),
        new Case("branches-follow-memory", ProgramCases::branchesFollowMemory),
        new Case("branches-follow-computed-predicates", ProgramCases::branchesFollowComputedPredicates),
        new Case("branches-in-loops", ProgramCases::branchesInLoops),
        new Case("a-mixed-program-under-validation", ProgramCases::aMixedProgramUnderValidation));
  }

  private static void anEmptyProgramRuns(Session session) throws Exception {
    try (Rig rig = new Rig(session.device(), new Program("empty", List.of(), List.of()))) {
      rig.run();
      assertEquals(0, rig.commands.scratchBytes());
      assertEquals(List.of(), rig.commands.profile());
    }
  }

  private static void kernelsOfAwkwardSizes(Session session) throws Exception {
    Random random = new Random();
    for (int n : new int[]{0, 1, 3, 13, 17, 33, 207, 4099}) {
      Program p = new Program("add",
          List.of(floats("x", Role.INPUT, n), floats("y", Role.INPUT, n), floats("z", Role.OUTPUT, n)),
          List.of(Kernels.binary(BinaryOp.ADD, n, at(0, 0, n), at(1, 0, n), at(2, 0, n))));
      try (Rig rig = new Rig(session.device(), p)) {
        float[] x = Rig.whole(random, n);
        float[] y = Rig.whole(random, n);
        rig.set(0, x).set(1, y).run();
        float[] expected = new float[n];
        for (int i = 0; i < n; i++) {
          expected[i] = x[i] + y[i];
        }
        assertArrayEquals(expected, rig.get(2), "of " + n);
      }
    }
  }

  private static void copiesOfAwkwardSizes(Session session) throws Exception {
    for (int n : new int[]{0, 1, 3, 13, 64, 207, 4098}) {
      Program p = new Program("copy",
          List.of(new BufferDecl("x", Role.INPUT, n, null), new BufferDecl("y", Role.OUTPUT, n, null)),
          List.of(Kernels.copyBytes(new Slice(0, 0, n), new Slice(1, 0, n))));
      try (Rig rig = new Rig(session.device(), p)) {
        byte[] x = new byte[n];
        new Random().nextBytes(x);
        Rig.write(rig.buffers.get(0), 0, x);
        rig.run();
        assertArrayEquals(x, Rig.read(rig.buffers.get(1), 0, n), "of " + n);
      }
    }
  }

  private static void slicesBeginAtTheirOffsets(Session session) throws Exception {
    Program p = new Program("offsets", List.of(floats("x", Role.INPUT, 96), floats("y", Role.OUTPUT, 96)),
        List.of(Kernels.copy(at(0, 256, 32), at(1, 0, 32)),
            Kernels.unary(UnaryOp.NEG, 32, at(0, 0, 32), at(1, 128, 32)),
            Kernels.copy(at(0, 128, 7), at(1, 256, 7))));
    try (Rig rig = new Rig(session.device(), p)) {
      float[] x = Rig.whole(new Random(), 96);
      rig.set(0, x).run();
      float[] y = rig.get(1);
      for (int i = 0; i < 32; i++) {
        assertEquals(x[64 + i], y[i]);
        assertEquals(0f - x[i], y[32 + i] + 0f);
        assertEquals(i < 7 ? x[32 + i] : Float.NaN, y[64 + i], "nothing beyond the slice is written");
      }
    }
  }

  private static void boundSlicesBeginAtTheirOffsets(Session session) {
    Device d = session.device();
    Program p = new Program("bound", List.of(floats("x", Role.INPUT, 5), floats("y", Role.OUTPUT, 5)),
        List.of(Kernels.copy(at(0, 0, 5), at(1, 0, 5))));
    try (Buffer memory = d.allocator().allocate(256);
        Prepared prepared = d.prepare(p);
        CommandBuffer c = prepared.record(List.of(new BufferSlice(memory, 192, 64), new BufferSlice(memory, 64, 20)))) {
      float[] x = Rig.whole(new Random(), 64);
      Rig.write(memory, 0, x);
      c.submit().await();
      float[] expected = x.clone();
      System.arraycopy(x, 48, expected, 16, 5);
      assertArrayEquals(expected, Rig.read(memory));
    }
  }

  private static void constantsAreThere(Session session) throws Exception {
    float[] c = Rig.whole(new Random(), 33);
    Program p = new Program("constants",
        List.of(floats("x", Role.INPUT, 33), Kernels.constant("c", c), floats("y", Role.OUTPUT, 33)),
        List.of(Kernels.binary(BinaryOp.MUL, 33, at(0, 0, 33), at(1, 0, 33), at(2, 0, 33))));
    try (Rig rig = new Rig(session.device(), p)) {
      float[] x = Rig.whole(new Random(), 33);
      rig.set(0, x).run();
      for (int i = 0; i < 33; i++) {
        assertEquals(x[i] * c[i], rig.get(1)[i]);
      }
    }
  }

  private static void scratchCarriesValues(Session session) throws Exception {
    Program p = new Program("chain",
        List.of(floats("x", Role.INPUT, 100), floats("t", Role.SCRATCH, 256), floats("y", Role.OUTPUT, 100)),
        List.of(Kernels.addConstant(1, 100, at(0, 0, 100), at(1, 0, 100)),
            Kernels.addConstant(2, 100, at(1, 0, 100), at(1, 512, 100)),
            Kernels.addConstant(3, 100, at(1, 512, 100), at(1, 512, 100)),
            Kernels.binary(BinaryOp.ADD, 100, at(1, 0, 100), at(1, 512, 100), at(2, 0, 100))));
    try (Rig rig = new Rig(session.device(), p)) {
      float[] x = Rig.whole(new Random(), 100);
      rig.set(0, x).run();
      for (int i = 0; i < 100; i++) {
        assertEquals(2 * x[i] + 7, rig.get(1)[i]);
      }
      assertTrue(rig.commands.scratchBytes() >= 1024, "scratch memory of " + rig.commands.scratchBytes());
    }
  }

  /** Running sums of rows: y[t] = x[0] + ... + x[t]. */
  private static Program runningSums(int rows, int width) {
    long bytes = 4L * width;
    return new Program("running sums",
        List.of(floats("x", Role.INPUT, (long) rows * width), floats("sum", Role.SCRATCH, width),
            floats("y", Role.OUTPUT, (long) rows * width)),
        List.of(Kernels.fill(0, width, at(1, 0, width)),
            new Step.Loop(rows, List.of(
                Kernels.binary(BinaryOp.ADD, width, at(1, 0, width), at(0, 0, width, bytes), at(1, 0, width)),
                Kernels.copy(at(1, 0, width), at(2, 0, width, bytes))))));
  }

  private static float[] runningSums(float[] x, int width) {
    float[] y = x.clone();
    for (int i = width; i < x.length; i++) {
      y[i] += y[i - width];
    }
    return y;
  }

  private static void loopsMoveTheirSlices(Session session) throws Exception {
    for (int width : new int[]{1, 13, 32, 207}) {
      int rows = 29;
      try (Rig rig = new Rig(session.device(), runningSums(rows, width))) {
        float[] x = Rig.whole(new Random(), rows * width);
        for (int run = 0; run < 2; run++) {
          rig.set(0, x).run();
          assertArrayEquals(runningSums(x, width), rig.get(1), "width " + width + ", run " + run);
        }
      }
    }
  }

  private static void loopsNest(Session session) throws Exception {
    Step element = Kernels.copy(at(0, 0, 1, 4, 12), at(1, 0, 1, 20, 4));
    Program p = new Program("transpose", List.of(floats("x", Role.INPUT, 15), floats("y", Role.OUTPUT, 15)),
        List.of(new Step.Loop(3, List.of(new Step.Loop(5, List.of(element))))));
    try (Rig rig = new Rig(session.device(), p)) {
      float[] x = Rig.whole(new Random(), 15);
      rig.set(0, x).run();
      for (int i = 0; i < 3; i++) {
        for (int j = 0; j < 5; j++) {
          assertEquals(x[3 * j + i], rig.get(1)[5 * i + j]);
        }
      }
    }
  }

  private static void loopsOfNoTripsDoNothing(Session session) throws Exception {
    Program p = new Program("no trips", List.of(floats("y", Role.OUTPUT, 3)),
        List.of(Kernels.fill(1, 3, at(0, 0, 3)), new Step.Loop(0, List.of(Kernels.fill(2, 3, at(0, 0, 3)))),
            new Step.Loop(5, List.of())));
    try (Rig rig = new Rig(session.device(), p)) {
      rig.run();
      assertArrayEquals(new float[]{1, 1, 1}, rig.get(0));
    }
  }

  private static void branchesFollowMemory(Session session) throws Exception {
    Program p = new Program("branch", List.of(new BufferDecl("p", Role.INPUT, 1, null), floats("y", Role.OUTPUT, 3)),
        List.of(new Step.Branch(new Slice(0, 0, 1), List.of(Kernels.fill(1, 3, at(1, 0, 3))),
            List.of(Kernels.fill(2, 3, at(1, 0, 3))))));
    try (Rig rig = new Rig(session.device(), p)) {
      for (byte value : new byte[]{0, 1, 0, 1}) {
        Rig.write(rig.buffers.get(0), 0, new byte[]{value});
        rig.run();
        assertEquals(value != 0 ? 1 : 2, rig.get(1)[2]);
      }
    }
  }

  private static void branchesFollowComputedPredicates(Session session) throws Exception {
    try (Rig rig = new Rig(session.device(), absolute())) {
      for (float value : new float[]{-3, 5, -0.5f, 0}) {
        rig.set(0, value).run();
        assertEquals(Math.abs(value), rig.get(1)[0]);
      }
    }
  }

  /** y = |x| by a branch on a predicate that the program computes. */
  private static Program absolute() {
    Slice negative = new Slice(1, 128, 1);
    return new Program("absolute",
        List.of(floats("x", Role.INPUT, 1), new BufferDecl("t", Role.SCRATCH, 256, null), floats("y", Role.OUTPUT, 1)),
        List.of(Kernels.isNegative(at(0, 0, 1), negative),
            new Step.Branch(negative, List.of(Kernels.unary(UnaryOp.NEG, 1, at(0, 0, 1), at(2, 0, 1))),
                List.of(Kernels.copy(at(0, 0, 1), at(2, 0, 1))))));
  }

  private static void branchesInLoops(Session session) throws Exception {
    int rows = 17;
    Program p = new Program("choose",
        List.of(new BufferDecl("p", Role.INPUT, rows, null), floats("x", Role.INPUT, rows),
            floats("y", Role.OUTPUT, rows)),
        List.of(
            new Step.Loop(rows,
                List.of(new Step.Branch(new Slice(0, 0, 1, Dims.of(1)),
                    List.of(Kernels.copy(at(1, 0, 1, 4), at(2, 0, 1, 4))),
                    List.of(Kernels.addConstant(1, 1, at(1, 0, 1, 4), at(2, 0, 1, 4))))))));
    try (Rig rig = new Rig(session.device(), p)) {
      byte[] choice = new byte[rows];
      for (int i = 0; i < rows; i++) {
        choice[i] = (byte) (i % 3 == 0 ? 1 : 0);
      }
      float[] x = Rig.whole(new Random(), rows);
      Rig.write(rig.buffers.get(0), 0, choice);
      rig.set(1, x).run();
      for (int i = 0; i < rows; i++) {
        assertEquals(i % 3 == 0 ? x[i] : x[i] + 1, rig.get(2)[i]);
      }
    }
  }

  private static void aMixedProgramUnderValidation(Session session) throws Exception {
    float[] x = Rig.whole(new Random(), 11 * 13);
    try (Device device = ValidatingDevice.wrap(session.open());
        Rig sums = new Rig(device, runningSums(11, 13));
        Rig absolute = new Rig(device, absolute())) {
      for (int i = 0; i < 3; i++) {
        sums.set(0, x).run();
        assertArrayEquals(runningSums(x, 13), sums.get(1));
        absolute.set(0, -4).run();
        assertEquals(4, absolute.get(1)[0]);
        sums.commands.profile();
      }
    }
  }
}
