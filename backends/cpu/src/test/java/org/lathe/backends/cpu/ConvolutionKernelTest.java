package org.lathe.backends.cpu;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

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

class ConvolutionKernelTest {
  private static List<Kernel> kernels(Convolution spec, boolean vector) {
    return spec.form() == Form.FILTER_GRADIENT
        ? List.of(FilterGradientKernel.of(spec, vector))
        : List.of(ConvolutionKernel.of(spec, vector), PixelRowsKernel.of(spec, vector));
  }

  private static View nchw(DType type, Dims shape) {
    return View.dense(type, shape);
  }

  private static View nhwc(DType type, Dims s) {
    long c = s.get(1);
    return new View(type, 0, Dims.of(c * s.get(2) * s.get(3), 1, c * s.get(3), c), null);
  }

  static Convolution spec(Form form, Geometry g, DType type, boolean channelsLast) {
    Convolution shapes = new Convolution(form, g, nchw(type, first(form, g)), nchw(type, second(form, g)),
        Epilogue.store(type.compute(), nchw(type.compute(), space(form, g))));
    if (!channelsLast) {
      return shapes;
    }
    return new Convolution(form, g, nhwc(type, first(form, g)), nhwc(type, second(form, g)),
        Epilogue.store(type.compute(), nhwc(type.compute(), space(form, g))));
  }

  private static Dims first(Form form, Geometry g) {
    return form == Form.DATA_GRADIENT ? g.resultShape() : g.dataShape();
  }

  private static Dims second(Form form, Geometry g) {
    return form == Form.FILTER_GRADIENT ? g.resultShape() : g.filterShape();
  }

  static Dims space(Form form, Geometry g) {
    return switch (form) {
      case FORWARD -> g.resultShape();
      case DATA_GRADIENT -> g.dataShape();
      case FILTER_GRADIENT -> g.filterShape();
    };
  }

  /** Data of b x c x h x w, f filters of kh x kw; the result as large as it can be. */
  private static Geometry geometry(
      long b, long c, long h, long w, long f, long kh, long kw, long sy, long sx, long py, long px, long dy, long dx,
      long groups) {
    long oh = Math.max(0, (h + 2 * py - dy * (kh - 1) - 1) / sy + 1);
    long ow = Math.max(0, (w + 2 * px - dx * (kw - 1) - 1) / sx + 1);
    return new Geometry(b, c, h, w, f, oh, ow, kh, kw, sy, sx, py, px, dy, dx, groups);
  }

  private static void check(Convolution s) {
    try (KernelRunner r = new KernelRunner(s)) {
      r.randomInputs(new Random(s.geometry().hashCode()));
      List<Elements> expected = r.expected();
      for (boolean vector : new boolean[]{true, false}) {
        for (Kernel kernel : kernels(s, vector)) {
          r.run(kernel, 1);
          assertTrue(r.guardsIntact());
          r.check(s.form() + " " + s.geometry() + " " + kernel.variant(), expected);
          double[] alone = r.output();
          r.run(kernel, 2);
          assertArrayEquals(alone, r.output(), 0.0, "two workers, other bits: " + s);
          r.run(kernel, 3);
          assertArrayEquals(alone, r.output(), 0.0, "three workers, other bits: " + s);
        }
      }
    }
  }

  @ParameterizedTest
  @CsvSource({
      // b, c, h, w, f, kh, kw, sy, sx, py, px, dy, dx, groups
      "2, 1, 28, 28, 6, 5, 5, 1, 1, 0, 0, 1, 1, 1", // lenet, first layer
      "3, 6, 14, 14, 16, 5, 5, 1, 1, 0, 0, 1, 1, 1", // lenet, second layer
      "1, 8, 20, 20, 16, 3, 3, 1, 1, 1, 1, 1, 1, 1",
      "5, 40, 4, 4, 70, 3, 3, 1, 1, 1, 1, 1, 1, 1", // gathered over images
      "7, 19, 6, 5, 67, 4, 4, 2, 2, 1, 1, 1, 1, 1", // four phases of small pictures, two panels of filters
      "9, 130, 7, 7, 50, 2, 2, 1, 1, 0, 0, 1, 1, 1", // channels and taps in several blocks
      "2, 24, 7, 7, 17, 1, 1, 1, 1, 0, 0, 1, 1, 1",
      "2, 3, 23, 21, 8, 7, 7, 2, 2, 3, 3, 1, 1, 1",
      "2, 5, 9, 9, 4, 1, 1, 2, 2, 0, 0, 1, 1, 1",
      "1, 4, 11, 13, 6, 3, 2, 3, 2, 1, 0, 2, 3, 2", // groups, dilation, uneven strides
      "2, 6, 10, 10, 6, 3, 3, 1, 1, 1, 1, 1, 1, 6", // depthwise
      "1, 4, 9, 8, 8, 3, 3, 2, 2, 1, 1, 1, 1, 4", // two filters a channel
      "1, 2, 1, 50, 3, 1, 5, 1, 1, 0, 2, 1, 4, 1", // one-dimensional, dilated
      "1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 1, 1, 1",
      "2, 2, 3, 3, 2, 3, 3, 1, 1, 2, 2, 1, 1, 1", // more padding than data
      "0, 2, 5, 5, 3, 3, 3, 1, 1, 1, 1, 1, 1, 1",
      "2, 3, 5, 5, 0, 3, 3, 1, 1, 1, 1, 1, 1, 1", // no filters
      "2, 0, 5, 5, 3, 3, 3, 1, 1, 1, 1, 1, 1, 1", // no channels
      "1, 30, 60, 9, 20, 3, 3, 1, 1, 1, 1, 1, 1, 1", // several bands
      "2, 3, 64, 64, 20, 7, 7, 2, 2, 3, 3, 1, 1, 1", // lines of whole vectors, stored as they are
      "2, 70, 20, 16, 20, 5, 5, 1, 1, 2, 2, 1, 1, 2", // the same, in two groups, and several blocks of taps
      "3, 300, 9, 9, 21, 1, 1, 1, 1, 0, 0, 1, 1, 1" // lines that follow each other, and the rest of a vector
  })
  void geometries(
      long b, long c, long h, long w, long f, long kh, long kw, long sy, long sx, long py, long px, long dy, long dx,
      long groups) {
    Geometry g = geometry(b, c, h, w, f, kh, kw, sy, sx, py, px, dy, dx, groups);
    for (Form form : Form.values()) {
      check(spec(form, g, DType.F32, false));
      check(spec(form, g, DType.F32, true));
    }
  }

  @ParameterizedTest
  @EnumSource(value = DType.class, names = "BOOL", mode = EnumSource.Mode.EXCLUDE)
  void everyType(DType type) {
    for (Form form : Form.values()) {
      check(spec(form, geometry(2, 3, 9, 8, 5, 3, 3, 1, 1, 1, 1, 1, 1, 1), type, false));
      check(spec(form, geometry(1, 2, 9, 8, 3, 3, 3, 2, 2, 1, 1, 1, 1, 1), type, false));
    }
  }

  @Test
  void randomGeometries() {
    Random random = new Random(4);
    for (int i = 0; i < 60; i++) {
      long groups = 1 + random.nextInt(2);
      Geometry g = geometry(
          1 + random.nextInt(3),
          groups * (1 + random.nextInt(9)),
          1 + random.nextInt(18),
          1 + random.nextInt(18),
          groups * (1 + random.nextInt(20)),
          1 + random.nextInt(3),
          1 + random.nextInt(4),
          1 + random.nextInt(3),
          1 + random.nextInt(3),
          random.nextInt(3),
          random.nextInt(3),
          1 + random.nextInt(2),
          1 + random.nextInt(2),
          groups);
      for (Form form : Form.values()) {
        check(spec(form, g, random.nextInt(4) == 0 ? DType.F64 : DType.F32, random.nextInt(3) == 0));
      }
    }
  }

  /** A result smaller than it could be, as transposed convolutions with output padding need. */
  @Test
  void resultsThatDoNotCoverTheData() {
    Geometry g = new Geometry(2, 3, 12, 13, 4, 4, 5, 3, 3, 2, 2, 1, 1, 1, 1, 1);
    for (Form form : Form.values()) {
      check(spec(form, g, DType.F32, false));
    }
  }

  @ParameterizedTest
  @EnumSource(Form.class)
  void epilogueWithBiasAndIndex(Form form) {
    for (Geometry g : List.of(
        geometry(2, 3, 12, 12, 8, 3, 3, 1, 1, 1, 1, 1, 1, 1),
        geometry(2, 3, 11, 12, 8, 3, 3, 2, 2, 1, 1, 1, 1, 1),
        geometry(4, 30, 4, 4, 40, 3, 3, 1, 1, 1, 1, 1, 1, 1))) {
      for (boolean indexed : new boolean[]{false, true}) {
        biased(form, g, indexed);
      }
    }
  }

  /** relu(value + bias[channel]) + 100 * row + column. */
  private static void biased(Form form, Geometry g, boolean indexed) {
    Dims space = space(form, g);
    Expr.Builder e = Expr.builder();
    int sum = e.binary(BinaryOp.ADD, e.input(0, DType.F32), e.input(1, DType.F32));
    int value = e.binary(BinaryOp.MAX, sum, e.constant(DType.F32, 0));
    if (indexed) {
      int row = e.cast(e.add(new Expr.Index(2)), DType.F32);
      int column = e.cast(e.add(new Expr.Index(3)), DType.F32);
      value = e.binary(BinaryOp.ADD, value, e.binary(BinaryOp.MUL, row, e.constant(DType.F32, 100)));
      value = e.binary(BinaryOp.ADD, value, column);
    }
    Epilogue epilogue = new Epilogue(
        e.build(List.of(value)), List.of(View.of(DType.F32, 0, 1, 0, 0)), List.of(nchw(DType.F32, space)));
    Convolution s = new Convolution(form, g, nchw(DType.F32, first(form, g)), nchw(DType.F32, second(form, g)),
        epilogue);
    check(s);
  }
}
