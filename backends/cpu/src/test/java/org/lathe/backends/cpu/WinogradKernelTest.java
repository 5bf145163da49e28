package org.lathe.backends.cpu;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.lathe.hal.DType;
import org.lathe.hal.Dims;
import org.lathe.hal.expr.BinaryOp;
import org.lathe.hal.expr.Expr;
import org.lathe.hal.spec.Convolution;
import org.lathe.hal.spec.Convolution.Form;
import org.lathe.hal.spec.Convolution.Geometry;
import org.lathe.hal.spec.Epilogue;
import org.lathe.hal.spec.View;
import org.lathe.reference.Elements;
import org.lathe.reference.Tolerance;

/** Winograd's form of every convolution that it can compute, whatever the selection would choose. */
class WinogradKernelTest {
  /** What the transforms add to the error of a sum: at most this times the bound of plain sums. */
  private static final double TRANSFORMS = 3;

  private static Kernel kernel(Convolution spec, boolean vector) {
    assertTrue(WinogradKernel.can(spec), spec.toString());
    return spec.form() == Form.FILTER_GRADIENT
        ? WinogradGradientKernel.of(spec, vector)
        : WinogradKernel.of(spec, vector);
  }

  private static Geometry geometry(long b, long c, long h, long w, long f, long py, long px) {
    return new Geometry(b, c, h, w, f, h + 2 * py - 2, w + 2 * px - 2, 3, 3, 1, 1, py, px, 1, 1, 1);
  }

  private static void check(Convolution s) {
    try (KernelRunner r = new KernelRunner(s)) {
      r.randomInputs(new Random(s.geometry().hashCode()));
      compare(r);
    }
  }

  private static void compare(KernelRunner r) {
    Convolution s = (Convolution) r.spec;
    List<Elements> expected = r.expected();
    Tolerance tolerance = new Tolerance(TRANSFORMS * Tolerance.of(s, DType.F32).bound());
    for (boolean vector : new boolean[]{true, false}) {
      Kernel kernel = kernel(s, vector);
      r.run(kernel, 1);
      assertTrue(r.guardsIntact());
      String what = s.form() + " " + s.geometry() + " " + kernel.variant();
      tolerance.check(what, expected.getFirst(), At.elements(DType.F32, r.address(s.inputs().size()),
          s.outputs().getFirst().elements()));
      double[] alone = r.output();
      r.run(kernel, 2);
      assertArrayEquals(alone, r.output(), 0.0, "two workers, other bits: " + what);
      r.run(kernel, 3);
      assertArrayEquals(alone, r.output(), 0.0, "three workers, other bits: " + what);
    }
  }

  @ParameterizedTest
  @CsvSource({
      // b, c, h, w, f, py, px
      "1, 1, 1, 1, 1, 1, 1",
      "1, 1, 3, 3, 1, 0, 0",
      "2, 3, 3, 17, 13, 1, 1",
      "1, 16, 13, 13, 16, 1, 1",
      "3, 17, 4, 4, 33, 1, 1", // several images a chunk
      "33, 16, 4, 4, 16, 1, 1", // the last chunk has fewer
      "1, 33, 33, 17, 17, 1, 0",
      "2, 5, 9, 40, 70, 2, 2",
      "1, 3, 50, 33, 3, 0, 2", // several rows of tiles a chunk
      "1, 270, 5, 6, 20, 1, 1", // sums of several blocks
      "3, 130, 7, 3, 230, 1, 1" // windows kept, filters not
  })
  void geometries(long b, long c, long h, long w, long f, long py, long px) {
    Geometry g = geometry(b, c, h, w, f, py, px);
    for (Form form : Form.values()) {
      check(ConvolutionKernelTest.spec(form, g, DType.F32, false));
      check(ConvolutionKernelTest.spec(form, g, DType.F32, true));
    }
  }

  @Test
  void randomGeometries() {
    Random random = new Random(11);
    for (int i = 0; i < 20; i++) {
      Geometry g = geometry(1 + random.nextInt(5), 1 + random.nextInt(40), 3 + random.nextInt(20),
          3 + random.nextInt(20), 1 + random.nextInt(50), random.nextInt(4), random.nextInt(4));
      for (Form form : Form.values()) {
        check(ConvolutionKernelTest.spec(form, g, DType.F32, random.nextInt(3) == 0));
      }
    }
  }

  /** A result smaller than it could be. */
  @Test
  void resultsThatDoNotCoverTheData() {
    Geometry g = new Geometry(2, 3, 12, 13, 4, 7, 9, 3, 3, 1, 1, 1, 0, 1, 1, 1);
    for (Form form : Form.values()) {
      check(ConvolutionKernelTest.spec(form, g, DType.F32, false));
    }
  }

  /** NaN and infinities reach the results that see them, and no others. */
  @ParameterizedTest
  @EnumSource(Form.class)
  void whatIsNotFinite(Form form) {
    for (Geometry g : List.of(geometry(3, 20, 9, 10, 18, 1, 1), geometry(2, 130, 6, 6, 230, 1, 1))) {
      Convolution s = ConvolutionKernelTest.spec(form, g, DType.F32, false);
      try (KernelRunner r = new KernelRunner(s)) {
        r.randomInputs(new Random(5));
        long n = s.inputs().getFirst().elements();
        r.set(0, n / 3, Double.NaN);
        r.set(0, n / 2, Double.POSITIVE_INFINITY);
        r.set(0, n - 1, Double.NEGATIVE_INFINITY);
        compare(r);
      }
    }
  }

  /** A kernel that allocates has boxed its vectors. */
  @ParameterizedTest
  @EnumSource(Form.class)
  void steadyRunsBoxNoVectors(Form form) {
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    Convolution s = ConvolutionKernelTest.spec(form, geometry(4, 20, 8, 8, 36, 1, 1), DType.F32, false);
    double[][] inputs = s.inputs().stream().map(o -> SequenceRun.random(new Random(2), o.elements(), 1))
        .toArray(double[][]::new);
    try (SequenceRun run = new SequenceRun(s, kernel(s, Simd.PRESENT), 1, inputs)) {
      long allocated = Long.MAX_VALUE;
      long deadline = System.nanoTime() + 30_000_000_000L;
      while ((allocated > 4096 || TileTransforms.now(Simd.PRESENT) == ScalarTileTransforms.STANDING_IN)
          && System.nanoTime() < deadline) {
        long before = threads.getCurrentThreadAllocatedBytes();
        run.run();
        allocated = threads.getCurrentThreadAllocatedBytes() - before;
      }
      // A few boxes at the edge of a loop depend on when C2 compiles what; a loop that boxes allocates many times this.
      assertTrue(allocated <= 4096, form + " allocated " + allocated + " bytes");
    }
  }

  @Test
  void epilogueWithBiasAndIndex() {
    for (Geometry g : List.of(geometry(2, 3, 12, 12, 8, 1, 1), geometry(9, 30, 6, 5, 40, 1, 1))) {
      for (Form form : Form.values()) {
        Dims space = ConvolutionKernelTest.space(form, g);
        Expr.Builder e = Expr.builder();
        int sum = e.binary(BinaryOp.ADD, e.input(0, DType.F32), e.input(1, DType.F32));
        int value = e.binary(BinaryOp.MAX, sum, e.constant(DType.F32, 0));
        int row = e.cast(e.add(new Expr.Index(2)), DType.F32);
        int column = e.cast(e.add(new Expr.Index(3)), DType.F32);
        value = e.binary(BinaryOp.ADD, value, e.binary(BinaryOp.MUL, row, e.constant(DType.F32, 100)));
        value = e.binary(BinaryOp.ADD, value, column);
        Convolution plain = ConvolutionKernelTest.spec(form, g, DType.F32, false);
        check(new Convolution(form, g, plain.first(), plain.second(),
            new Epilogue(e.build(List.of(value)), List.of(View.of(DType.F32, 0, 1, 0, 0)),
                List.of(View.dense(DType.F32, space)))));
      }
    }
  }
}
