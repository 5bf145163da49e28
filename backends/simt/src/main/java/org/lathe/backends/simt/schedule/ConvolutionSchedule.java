package org.lathe.backends.simt.schedule;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.lathe.backends.simt.ir.Memory;
import org.lathe.backends.simt.ir.Value;
import org.lathe.backends.simt.ir.Values;
import org.lathe.backends.simt.ir.Variable;
import org.lathe.backends.simt.plan.KernelPlan;
import org.lathe.backends.simt.plan.Launch;
import org.lathe.backends.simt.plan.LaunchBuilder;
import org.lathe.backends.simt.plan.Site;
import org.lathe.backends.simt.plan.Traits;
import org.lathe.hal.spec.Contraction;
import org.lathe.hal.spec.Convolution;
import org.lathe.hal.spec.Convolution.Geometry;

/** Convolutions and their gradients. */
final class ConvolutionSchedule implements Schedule<Convolution> {

  private static final String FORM = "form";
  private static final int POINTS = 0;
  private static final int STRIPS = 1;
  private static final int LOCAL = 2;
  private static final int STREAM = 3;
  /** Up to so many multiply-adds it is not worth it to compile anything larger. */
  private static final long SMALL = 8192;

  private final ContractionSchedule products = new ContractionSchedule();

  @Override
  public List<Tuning> candidates(Convolution spec, Traits traits) {
    Optional<Contraction> product = WholeWindow.product(spec);
    if (product.isPresent()) {
      return products.candidates(product.get(), traits);
    }
    Tuning points = Tuning.of(Map.of(FORM, POINTS));
    if (traits.isPipeline()) {
      boolean fits = spec.form() == Convolution.Form.FILTER_GRADIENT
          ? PipelineFilterGradient.fits(spec, Site.of(traits))
          : PipelineCorrelation.fits(spec, Site.of(traits));
      return List.of(fits ? Tuning.of(Map.of(FORM, STREAM)) : points);
    }
    if (spec.space().product() == 0) {
      return List.of(points);
    }
    List<Tuning> all = new ArrayList<>();
    if (traits.isGpu()) {
      Product p = GpuConvolution.product(spec);
      if (p.depth() > 0) {
        GpuProductTuning.candidates(p, traits).forEach(t -> all.add(t.tuning().with(FORM, LOCAL)));
      }
    } else if (spec.form() == Convolution.Form.FILTER_GRADIENT) {
      CpuFilterGradientTuning.candidates(spec, traits).forEach(t -> all.add(t.tuning().with(FORM, STRIPS)));
    } else {
      CpuCorrelationTuning.candidates(spec, traits).forEach(t -> all.add(t.tuning().with(FORM, STRIPS)));
    }
    if (all.isEmpty() || spec.geometry().multiplyAdds() <= SMALL) {
      all.addFirst(points);
    }
    return all;
  }

  @Override
  public KernelPlan plan(Convolution spec, Site site, Tuning tuning) {
    if (spec.space().product() == 0) {
      return KernelPlan.nothing();
    }
    Optional<Contraction> product = WholeWindow.product(spec);
    if (product.isPresent()) {
      return products.plan(product.get(), site, tuning);
    }
    return switch (tuning.get(FORM)) {
      case STRIPS -> spec.form() == Convolution.Form.FILTER_GRADIENT
          ? CpuFilterGradient.plan(spec, site, CpuFilterGradientTuning.of(tuning))
          : CpuCorrelation.plan(spec, site, CpuCorrelationTuning.of(tuning));
      case LOCAL -> GpuProduct.plan(
          GpuConvolution.product(spec), site, "convolution", GpuProductTuning.of(tuning));
      case STREAM -> spec.form() == Convolution.Form.FILTER_GRADIENT
          ? PipelineFilterGradient.plan(spec, site)
          : PipelineCorrelation.plan(spec, site);
      default -> new Points(spec, site).plan();
    };
  }

  /** Each point of the output by itself. */
  private static final class Points {
    private final Convolution spec;
    private final Geometry g;
    private final Site site;
    private final LaunchBuilder k;
    private final Memory first;
    private final Memory second;

    Points(Convolution spec, Site site) {
      this.spec = spec;
      this.g = spec.geometry();
      this.site = site;
      this.k = new LaunchBuilder("convolution", spec, site);
      this.first = k.input(0, "first");
      this.second = k.input(1, "second");
    }

    KernelPlan plan() {
      Finish finish = Finish.of(k, spec.epilogue(), spec.space(), 2);
      Launch launch = PointForm.launch(k, site, spec.space(), (point, at) -> {
        Variable sum = k.variable("sum", Values.constant(spec.accumulator(), 0));
        switch (spec.form()) {
          case FORWARD -> forward(sum, at);
          case DATA_GRADIENT -> dataGradient(sum, at);
          case FILTER_GRADIENT -> filterGradient(sum, at);
        }
        finish.write(Values.read(sum), at);
      });
      return KernelPlan.of("a work item for each of " + spec.space().product() + " points", launch);
    }

    private void forward(Variable sum, List<Value> at) {
      Value f = at.get(1);
      Value group = k.let("group", Values.div(f, g.filters() / g.groups()));
      long channels = g.channels() / g.groups();
      k.loop("c", channels, c -> k.loop("i", g.kernelHeight(), i -> {
        Value h = k.let("h", tapPosition(at.get(2), i, g.strideY(), g.dilationY(), g.padY()));
        k.when(within(h, g.height()), () -> k.loop("j", g.kernelWidth(), j -> {
          Value w = k.let("w", tapPosition(at.get(3), j, g.strideX(), g.dilationX(), g.padX()));
          Value channel = Values.add(Values.mul(group, channels), c);
          k.when(within(w, g.width()),
              () -> accumulate(sum, List.of(at.get(0), channel, h, w), List.of(f, c, i, j)));
        }));
      }));
    }

    private void dataGradient(Variable sum, List<Value> at) {
      long channels = g.channels() / g.groups();
      long filters = g.filters() / g.groups();
      Value group = k.let("group", Values.div(at.get(1), channels));
      Value c = k.let("c", Values.rem(at.get(1), channels));
      k.loop("i", g.kernelHeight(), i -> {
        Value up = k.let("up", Values.sub(Values.add(at.get(2), g.padY()), Values.mul(i, g.dilationY())));
        Value y = k.let("y", Values.div(up, g.strideY()));
        k.when(lands(up, y, g.strideY(), g.outHeight()), () -> k.loop("j", g.kernelWidth(), j -> {
          Value left = k.let("left", Values.sub(Values.add(at.get(3), g.padX()), Values.mul(j, g.dilationX())));
          Value x = k.let("x", Values.div(left, g.strideX()));
          k.when(lands(left, x, g.strideX(), g.outWidth()), () -> k.loop("l", filters, l -> {
            Value f = k.let("f", Values.add(Values.mul(group, filters), l));
            accumulate(sum, List.of(at.get(0), f, y, x), List.of(f, c, i, j));
          }));
        }));
      });
    }

    private void filterGradient(Variable sum, List<Value> at) {
      Value f = at.get(0);
      long channels = g.channels() / g.groups();
      Value group = Values.div(f, g.filters() / g.groups());
      Value channel = k.let("channel", Values.add(Values.mul(group, channels), at.get(1)));
      k.loop("b", g.batch(), b -> k.loop("y", g.outHeight(), y -> {
        Value h = k.let("h", tapPosition(y, at.get(2), g.strideY(), g.dilationY(), g.padY()));
        k.when(within(h, g.height()), () -> k.loop("x", g.outWidth(), x -> {
          Value w = k.let("w", tapPosition(x, at.get(3), g.strideX(), g.dilationX(), g.padX()));
          k.when(within(w, g.width()),
              () -> accumulate(sum, List.of(b, channel, h, w), List.of(b, f, y, x)));
        }));
      }));
    }

    private static Value tapPosition(Value out, Value tap, long stride, long dilation, long pad) {
      return Values.sub(Values.add(Values.mul(out, stride), Values.mul(tap, dilation)), pad);
    }

    private static Value within(Value position, long size) {
      return Values.and(Values.atLeast(position, 0), Values.less(position, size));
    }

    /** Whether {@code distance} is {@code stride} times an output position {@code quotient}. */
    private static Value lands(Value distance, Value quotient, long stride, long size) {
      Value fits = Values.and(Values.atLeast(distance, 0), Values.less(quotient, size));
      return stride == 1 ? fits : Values.and(fits, Values.equal(Values.rem(distance, stride), 0));
    }

    private void accumulate(Variable sum, List<Value> atFirst, List<Value> atSecond) {
      k.assign(
          sum,
          ProductTile.multiplyAdd(
              Values.load(first, Accesses.element(spec.first(), atFirst, spec.firstSpace())),
              Values.load(second, Accesses.element(spec.second(), atSecond, spec.secondSpace())),
              Values.read(sum)));
    }
  }
}
