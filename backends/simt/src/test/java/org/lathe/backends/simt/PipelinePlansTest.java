package org.lathe.backends.simt;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.lathe.backends.simt.aot.PipelineTarget;
import org.lathe.backends.simt.pipeline.KernelPipeline;
import org.lathe.backends.simt.pipeline.LoopPipeline;
import org.lathe.backends.simt.pipeline.PipelineAnalysis;
import org.lathe.backends.simt.pipeline.PipelineText;
import org.lathe.backends.simt.plan.Launch;
import org.lathe.backends.simt.plan.Site;
import org.lathe.backends.simt.plan.Traits;
import org.lathe.backends.simt.schedule.Schedules;
import org.lathe.hal.DType;
import org.lathe.hal.Dims;
import org.lathe.hal.spec.Contraction;
import org.lathe.hal.spec.Convolution;
import org.lathe.hal.spec.Epilogue;
import org.lathe.hal.spec.KernelSpec;
import org.lathe.hal.spec.View;

/** The forms for pipelines as FPGAs get them, with wide registers: what they compute, and what they promise. */
class PipelinePlansTest {
  private static final Traits WIDE = PipelineTarget.TRAITS;
  /** So little memory on the chip that everything goes in blocks. */
  private static final Traits TIGHT = new Traits(Traits.Form.PIPELINE, 1, 4, 1, 1, 4 << 10, 60, true);

  private static void check(KernelSpec spec) {
    long seed = new Random().nextLong();
    try {
      PlanCheck.check(spec, WIDE, seed);
      PlanCheck.check(spec, TIGHT, seed);
    } catch (AssertionError | RuntimeException e) {
      throw new AssertionError("seed " + seed + ": " + e.getMessage(), e);
    }
  }

  private static List<KernelPipeline> pipelines(KernelSpec spec) {
    return Schedules.plan(spec, Site.of(WIDE), Schedules.candidates(spec, WIDE).getFirst()).launches().stream()
        .map((Launch l) -> PipelineAnalysis.of(l)).toList();
  }

  /** The pipeline that runs most of the time starts an iteration each cycle. */
  private static void assertBusy(KernelSpec spec) {
    for (KernelPipeline p : pipelines(spec)) {
      LoopPipeline longest = p.loops().stream()
          .filter(l -> l.kind() == LoopPipeline.Kind.PIPELINED)
          .max((x, y) -> Double.compare(x.cycles() * x.entries(), y.cycles() * y.entries())).orElseThrow();
      assertEquals(1, longest.interval(), PipelineText.print(p));
    }
  }

  @ParameterizedTest
  @CsvSource({"1,1,1", "3,13,17", "17,33,3", "1,207,64", "207,1,13", "70,20,13", "13,13,0", "2,3,700", "65,17,33",
      "129,5,7"})
  void productsOfAwkwardSizes(long m, long n, long k) {
    Dims space = Dims.of(m, n);
    for (int transposed = 0; transposed < 4; transposed++) {
      check(new Contraction(
          Dims.of(), m, n, k, ContractionPlansTest.matrix(DType.F32, m, k, (transposed & 1) != 0),
          ContractionPlansTest.matrix(DType.F32, k, n, (transposed & 2) != 0), Epilogues.rich(DType.F32, space)));
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 5, 12, 64, 100})
  void productsKeepTheirPipelinesBusy(long m) {
    for (int transposed = 0; transposed < 4; transposed++) {
      Contraction c = new Contraction(
          Dims.of(), m, 64, 256, ContractionPlansTest.matrix(DType.F32, m, 256, (transposed & 1) != 0),
          ContractionPlansTest.matrix(DType.F32, 256, 64, (transposed & 2) != 0),
          Epilogues.store(DType.F32, DType.F32, Dims.of(m, 64)));
      // A factor whose lanes are far apart comes too slowly for a few rows only.
      if ((transposed & 2) == 0 || m >= 16) {
        assertBusy(c);
      }
      double cycles = pipelines(c).stream().mapToDouble(KernelPipeline::cycles).sum();
      assertTrue(cycles < 64 * 256 * Math.max(m, 12) / 16.0 * 3,
          m + " rows, " + transposed + ": " + cycles + " cycles");
    }
  }

  private static Convolution convolution(Convolution.Form form, Convolution.Geometry g, Epilogue epilogue) {
    return new Convolution(
        form, g, View.dense(DType.F32, form == Convolution.Form.DATA_GRADIENT ? g.resultShape() : g.dataShape()),
        View.dense(DType.F32, form == Convolution.Form.FILTER_GRADIENT ? g.resultShape() : g.filterShape()), epilogue);
  }

  @ParameterizedTest
  @CsvSource({
      "1, 1, 1, 1, 1, 1, 1, 1, 0, 1, 1",
      "2, 3, 13, 17, 5, 3, 3, 1, 1, 1, 1",
      "2, 3, 13, 7, 21, 3, 3, 2, 1, 1, 1",
      "2, 4, 9, 8, 6, 3, 2, 1, 0, 2, 2",
      "1, 6, 5, 7, 6, 3, 3, 1, 1, 1, 6",
      "1, 3, 19, 20, 4, 7, 7, 2, 3, 1, 1",
      "2, 17, 6, 6, 33, 1, 1, 1, 0, 1, 1",
      "1, 3, 10, 40, 4, 3, 3, 3, 2, 2, 1",
      "3, 2, 12, 12, 3, 1, 1, 2, 0, 1, 1",
      "1, 2, 5, 30, 3, 2, 5, 2, 4, 3, 1",
      "1, 90, 4, 4, 5, 3, 3, 1, 1, 1, 1"
  })
  void convolutionsOfAwkwardGeometries(
      long b, long c, long h, long w, long f, long kh, long kw, long stride, long pad, long dilation, long groups) {
    Convolution.Geometry g = ConvolutionPlansTest.geometry(b, c, h, w, f, kh, kw, stride, pad, dilation, groups);
    for (Convolution.Form form : Convolution.Form.values()) {
      check(convolution(form, g, Epilogues.rich(DType.F32, ConvolutionPlansTest.space(form, g))));
    }
  }

  /** Those of LeNet-5. */
  @Test
  void convolutionsKeepTheirPipelinesBusy() {
    for (Convolution.Geometry g : List.of(
        ConvolutionPlansTest.geometry(64, 1, 32, 32, 6, 5, 5, 1, 0, 1, 1),
        ConvolutionPlansTest.geometry(64, 6, 14, 14, 16, 5, 5, 1, 0, 1, 1),
        ConvolutionPlansTest.geometry(1, 64, 56, 56, 64, 3, 3, 1, 1, 1, 1),
        ConvolutionPlansTest.geometry(1, 128, 28, 28, 256, 3, 3, 2, 1, 1, 1))) {
      for (Convolution.Form form : Convolution.Form.values()) {
        Convolution c = convolution(
            form, g, Epilogues.store(DType.F32, DType.F32, ConvolutionPlansTest.space(form, g)));
        assertBusy(c);
        long lanes = Math.min(16, form == Convolution.Form.DATA_GRADIENT ? g.channels() : g.filters());
        double cycles = pipelines(c).stream().mapToDouble(KernelPipeline::cycles).sum();
        // Every tap of every output; in the data's gradient those beside the result too.
        double products = form == Convolution.Form.DATA_GRADIENT
            ? (double) g.dataShape().product() * g.filters() * g.kernelHeight() * g.kernelWidth()
            : g.multiplyAdds();
        double least = products / lanes;
        assertTrue(cycles < 1.6 * least, form + " " + g + ": " + cycles + " cycles, at least " + least + "\n"
            + PipelineText.print(pipelines(c).getFirst()));
      }
    }
  }
}
