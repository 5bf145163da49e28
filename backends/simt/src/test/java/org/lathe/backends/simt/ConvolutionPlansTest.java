package org.lathe.backends.simt;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.lathe.hal.DType;
import org.lathe.hal.Dims;
import org.lathe.hal.spec.Convolution;
import org.lathe.hal.spec.Convolution.Form;
import org.lathe.hal.spec.Convolution.Geometry;
import org.lathe.hal.spec.Epilogue;
import org.lathe.hal.spec.View;

class ConvolutionPlansTest {

  static Geometry geometry(
      long b, long c, long h, long w, long f, long kh, long kw, long stride, long pad, long dilation, long groups) {
    long oh = (h + 2 * pad - dilation * (kh - 1) - 1) / stride + 1;
    long ow = (w + 2 * pad - dilation * (kw - 1) - 1) / stride + 1;
    return new Geometry(b, c, h, w, f, oh, ow, kh, kw, stride, stride, pad, pad, dilation, dilation, groups);
  }

  private static View view(DType t, Dims shape, boolean channelsLast) {
    return channelsLast
        ? View.of(t, shape.get(1) * shape.get(2) * shape.get(3), 1, shape.get(3) * shape.get(1), shape.get(1))
        : View.dense(t, shape);
  }

  static Dims space(Form form, Geometry g) {
    return switch (form) {
      case FORWARD -> g.resultShape();
      case DATA_GRADIENT -> g.dataShape();
      case FILTER_GRADIENT -> g.filterShape();
    };
  }

  private static void check(Form form, Geometry g, DType t, boolean channelsLast, Epilogue epilogue) {
    View first = view(t, form == Form.DATA_GRADIENT ? g.resultShape() : g.dataShape(), channelsLast);
    View second = form == Form.FILTER_GRADIENT
        ? view(t, g.resultShape(), channelsLast)
        : view(t, g.filterShape(), false);
    PlanCheck.check(new Convolution(form, g, first, second, epilogue));
  }

  @ParameterizedTest
  @CsvSource({
      "1, 1, 1, 1, 1, 1, 1, 1, 0, 1, 1",
      "2, 3, 7, 17, 5, 3, 3, 1, 1, 1, 1",
      "2, 3, 13, 7, 5, 3, 3, 2, 1, 1, 1",
      "3, 4, 9, 8, 6, 3, 2, 1, 0, 2, 2",
      "2, 6, 5, 7, 6, 3, 3, 1, 1, 1, 6",
      "1, 2, 9, 20, 3, 7, 7, 2, 3, 1, 1",
      "17, 3, 4, 4, 12, 4, 4, 1, 0, 1, 1",
      "17, 2, 4, 4, 7, 3, 3, 1, 1, 1, 1",
      "2, 17, 3, 6, 19, 1, 1, 1, 0, 1, 1",
      "1, 2, 7, 40, 3, 3, 3, 3, 2, 2, 1",
      "3, 2, 12, 12, 3, 1, 1, 2, 0, 1, 1",
      "1, 2, 5, 30, 3, 2, 5, 2, 4, 3, 1",
      "5, 8, 1, 33, 8, 1, 5, 1, 2, 1, 2",
      "2, 3, 8, 8, 9, 4, 4, 2, 1, 1, 1"
  })
  void everyFormOfAwkwardGeometries(
      long b, long c, long h, long w, long f, long kh, long kw, long stride, long pad, long dilation, long groups) {
    Geometry g = geometry(b, c, h, w, f, kh, kw, stride, pad, dilation, groups);
    for (Form form : Form.values()) {
      Dims space = space(form, g);
      boolean channelsLast = (form.ordinal() + c + w) % 2 != 0;
      check(form, g, DType.F32, channelsLast, channelsLast
          ? Epilogues.rich(DType.F32, space)
          : Epilogues.biasRelu(DType.F32, space, form == Form.FILTER_GRADIENT ? 0 : 1));
    }
  }

  /** The last rows of the data take part in nothing; strides and dilations differ by axis. */
  @ParameterizedTest
  @EnumSource
  void unevenAxes(Form form) {
    for (Geometry g : new Geometry[]{
        new Geometry(2, 3, 11, 12, 4, 3, 5, 2, 3, 3, 2, 0, 1, 2, 1, 1),
        new Geometry(1, 2, 6, 9, 3, 7, 2, 3, 3, 1, 4, 2, 0, 1, 2, 1),
        new Geometry(1, 2, 4, 4, 2, 2, 2, 2, 2, 4, 4, 1, 1, 2, 2, 1)}) {
      check(form, g, DType.F32, false, Epilogues.residual(DType.F32, space(form, g)));
    }
  }

  @ParameterizedTest
  @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "BOOL")
  void everyType(DType t) {
    for (Form form : Form.values()) {
      for (Geometry g : new Geometry[]{
          geometry(2, 2, 5, 18, 3, 3, 3, 1, 1, 1, 1), geometry(2, 2, 5, 10, 3, 3, 3, 2, 1, 1, 1)}) {
        check(form, g, t, false, Epilogues.store(t.compute(), t, space(form, g)));
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void nothingToAddUp(Form form) {
    Geometry noChannels = geometry(2, 0, 5, 5, 3, 3, 3, 1, 1, 1, 1);
    check(form, noChannels, DType.F32, false, Epilogues.biasRelu(DType.F32, space(form, noChannels), 0));
    Geometry noSamples = geometry(0, 2, 5, 5, 3, 3, 3, 1, 1, 1, 1);
    check(form, noSamples, DType.F32, false, Epilogues.biasRelu(DType.F32, space(form, noSamples), 0));
  }
}
