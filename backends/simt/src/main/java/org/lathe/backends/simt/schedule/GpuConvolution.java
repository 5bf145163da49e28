package org.lathe.backends.simt.schedule;

import java.util.List;
import org.lathe.backends.simt.ir.Memory;
import org.lathe.backends.simt.ir.Value;
import org.lathe.backends.simt.ir.Values;
import org.lathe.backends.simt.ir.Variable;
import org.lathe.backends.simt.plan.LaunchBuilder;
import org.lathe.hal.Dims;
import org.lathe.hal.spec.Convolution;
import org.lathe.hal.spec.Convolution.Form;
import org.lathe.hal.spec.Convolution.Geometry;
import org.lathe.hal.spec.View;

/**
 * Convolutions and their gradients as products, whose factors are read from the tensors as they lie (implicit GEMM).
 *
 * <p>A forward convolution has a row for each filter, a column for each position of the result, and a term for each tap
 * of each channel. So has a data gradient with channels and filters in each other's place; its positions fall into classes
 * by their remainders by the strides, and each class has taps of its own: a batch of products. A filter gradient has a row
 * for each filter, a column for each tap of each channel, and a term for each position.
 */
final class GpuConvolution {
  private final Convolution spec;
  private final Geometry g;
  private final TapAxis height;
  private final TapAxis width;
  private final long channels;
  private final long filters;

  private GpuConvolution(Convolution spec) {
    this.spec = spec;
    this.g = spec.geometry();
    this.height = TapAxis.height(spec.form() == Form.FILTER_GRADIENT ? Form.FORWARD : spec.form(), g);
    this.width = TapAxis.width(spec.form() == Form.FILTER_GRADIENT ? Form.FORWARD : spec.form(), g);
    this.channels = g.channels() / g.groups();
    this.filters = g.filters() / g.groups();
  }

  static Product product(Convolution spec) {
    GpuConvolution c = new GpuConvolution(spec);
    return spec.form() == Form.FILTER_GRADIENT ? c.filterGradient() : c.correlation();
  }

  private Dims factorBatch() {
    return Dims.of(g.groups(), height.classes(), width.classes());
  }

  private Product correlation() {
    boolean gradient = spec.form() == Form.DATA_GRADIENT;
    long outputs = gradient ? channels : filters;
    long sources = gradient ? filters : channels;
    Dims positions = Dims.of(g.batch(), height.count(), width.count());
    Dims terms = Dims.of(sources, height.mostTaps(), width.mostTaps());
    return new Product(
        spec, spec.accumulator(), factorBatch(), outputs, positions.product(), terms.product(), spec.epilogue(),
        spec.space(), follows(3, 1), k -> {
          Memory source = k.input(0, "source");
          Memory weights = k.input(1, "weights");
          return new Product.Operands() {
            @Override
            public Product.Factor left(List<Value> batch) {
              return new Weights(k, weights, batch, gradient, outputs, sources, terms);
            }

            @Override
            public Product.Factor right(List<Value> batch) {
              return new Source(k, source, batch, sources, positions, terms);
            }

            @Override
            public Product.Place point(List<Value> batch, Value row, Value column) {
              List<Value> at = Accesses.coordinates(k, column, positions);
              Value channel = k.let("channel", Values.add(Values.mul(batch.get(0), outputs), row));
              Value h = k.let("h", Values.add(Values.mul(at.get(1), height.classes()), batch.get(1)));
              Value w = k.let("w", Values.add(Values.mul(at.get(2), width.classes()), batch.get(2)));
              return new Product.Place(
                  List.of(at.get(0), channel, h, w), Values.and(height.covers(h), width.covers(w)));
            }
          };
        });
  }

  private Product filterGradient() {
    Dims taps = Dims.of(channels, g.kernelHeight(), g.kernelWidth());
    Dims positions = Dims.of(g.batch(), g.outHeight(), g.outWidth());
    return new Product(
        spec, spec.accumulator(), Dims.of(g.groups()), filters, taps.product(), positions.product(), spec.epilogue(),
        spec.space(), follows(3, 0), k -> {
          Memory data = k.input(0, "data");
          Memory gradient = k.input(1, "gradient");
          return new Product.Operands() {
            @Override
            public Product.Factor left(List<Value> batch) {
              return new Gradients(k, gradient, batch.getFirst(), positions);
            }

            @Override
            public Product.Factor right(List<Value> batch) {
              return new Shifted(k, data, batch.getFirst(), taps, positions);
            }

            @Override
            public Product.Place point(List<Value> batch, Value row, Value column) {
              List<Value> at = Accesses.coordinates(k, column, taps);
              Value filter = k.let("filter", Values.add(Values.mul(batch.getFirst(), filters), row));
              return new Product.Place(List.of(filter, at.get(0), at.get(1), at.get(2)), Values.bool(true));
            }
          };
        });
  }

  /** Whether the first output is nearer to contiguous along {@code dim} than along {@code other}. */
  private boolean follows(int dim, int other) {
    List<View> outputs = spec.epilogue().outputs();
    return outputs.isEmpty()
        || spec.space().get(dim) > 1
            && Math.abs(outputs.getFirst().strides().get(dim)) <= Math.abs(
                outputs.getFirst().strides().get(other))
        || outputs.getFirst().strides().get(other) != 1;
  }

  private static Value wide(Value counter, Value address) {
    return Values.cast(counter, address.type().dtype());
  }

  /** The filters: rows of output channels, terms of source channels and taps. */
  private final class Weights implements Product.Factor {
    private final LaunchBuilder k;
    private final Memory memory;
    private final List<Value> batch;
    private final Value base;
    private final long rowStride;
    private final long termStride;
    private final Dims terms;

    Weights(
        LaunchBuilder k, Memory memory, List<Value> batch, boolean gradient, long rows, long sources, Dims terms) {
      this.k = k;
      this.memory = memory;
      this.batch = batch;
      this.terms = terms;
      Value zero = Values.index(0);
      Value first = Values.mul(batch.getFirst(), gradient ? sources : rows);
      this.base = k.let("weight_base",
          Accesses.element(spec.second(), List.of(first, zero, zero, zero), spec.secondSpace()));
      this.rowStride = spec.second().strides().get(gradient ? 1 : 0);
      this.termStride = spec.second().strides().get(gradient ? 0 : 1);
    }

    @Override
    public boolean depthFollows() {
      return rowStride != 1;
    }

    @Override
    public Product.Place across(Value index) {
      Value at = k.let("across", Values.add(base, Values.mul(wide(index, base), rowStride)));
      return new Product.Place(List.of(at), Values.bool(true));
    }

    @Override
    public Product.Place along(Value term) {
      List<Value> at = Accesses.coordinates(k, term, terms);
      Value i = height.table(batch.get(1), at.get(1), TapAxis.Tap::index);
      Value j = width.table(batch.get(2), at.get(2), TapAxis.Tap::index);
      Value there = Values.add(
          Values.mul(wide(at.get(0), base), termStride),
          Values.add(
              Values.mul(wide(i, base), spec.second().strides().get(2)),
              Values.mul(wide(j, base), spec.second().strides().get(3))));
      return new Product.Place(List.of(k.let("along", there)), has(batch, at));
    }

    @Override
    public Value element(Product.Place across, Product.Place along) {
      return Values.load(memory, Values.add(across.parts().getFirst(), along.parts().getFirst()));
    }
  }

  /** Whether the class has the tap: classes may have fewer than the largest. */
  private Value has(List<Value> batch, List<Value> term) {
    return Values.and(
        height.hasTap(batch.get(1), term.get(1)), width.hasTap(batch.get(2), term.get(2)));
  }

  /** What a correlation slides over: columns of positions, terms of source channels and taps. */
  private final class Source implements Product.Factor {
    private final LaunchBuilder k;
    private final Memory memory;
    private final List<Value> batch;
    private final long sources;
    private final Dims positions;
    private final Dims terms;

    Source(LaunchBuilder k, Memory memory, List<Value> batch, long sources, Dims positions, Dims terms) {
      this.k = k;
      this.memory = memory;
      this.batch = batch;
      this.sources = sources;
      this.positions = positions;
      this.terms = terms;
    }

    @Override
    public boolean depthFollows() {
      return spec.first().strides().get(1) == 1 && spec.first().strides().get(3) != 1 && terms.get(0) > 1;
    }

    @Override
    public Product.Place across(Value index) {
      List<Value> at = Accesses.coordinates(k, index, positions);
      Value zero = Values.index(0);
      Value channel = Values.mul(batch.getFirst(), sources);
      Value base = Accesses.element(spec.first(), List.of(at.get(0), channel, zero, zero), spec.firstSpace());
      return new Product.Place(
          List.of(
              k.let("base", base), k.let("top", Values.mul(at.get(1), height.step())),
              k.let("start", Values.mul(at.get(2), width.step()))),
          Values.bool(true));
    }

    @Override
    public Product.Place along(Value term) {
      List<Value> at = Accesses.coordinates(k, term, terms);
      return new Product.Place(
          List.of(
              at.get(0), k.let("down", height.table(batch.get(1), at.get(1), height::shift)),
              k.let("right", width.table(batch.get(2), at.get(2), width::shift))),
          has(batch, at));
    }

    @Override
    public Value element(Product.Place across, Product.Place along) {
      Value h = Values.add(across.parts().get(1), along.parts().get(1));
      Value w = Values.add(across.parts().get(2), along.parts().get(2));
      return windowed(k, memory, spec.first(), across.parts().getFirst(), along.parts().getFirst(), h, w);
    }
  }

  /** Element [h, w] of channel {@code c} counted from the one at {@code base}, zero outside of the tensor. */
  private Value windowed(LaunchBuilder k, Memory memory, View view, Value base, Value c, Value h, Value w) {
    Value row = k.let("h", h);
    Value column = k.let("w", w);
    Variable x = k.variable("e", Values.constant(spec.accumulator(), 0));
    Value inside = Values.and(
        Values.atLeast(row, 0), Values.less(row, height.source()), Values.atLeast(column, 0),
        Values.less(column, width.source()));
    Value at = Values.add(
        Values.add(base, Values.mul(wide(c, base), view.strides().get(1))),
        Values.add(
            Values.mul(wide(row, base), view.strides().get(2)), Values.mul(wide(column, base), view.strides().get(3))));
    k.when(inside, () -> k.assign(x, Values.load(memory, at)));
    return Values.read(x);
  }

  /** The result's gradient: rows of filters, terms of positions. */
  private final class Gradients implements Product.Factor {
    private final LaunchBuilder k;
    private final Memory memory;
    private final Value base;
    private final Dims positions;
    private final View view = spec.second();

    Gradients(LaunchBuilder k, Memory memory, Value group, Dims positions) {
      this.k = k;
      this.memory = memory;
      this.positions = positions;
      Value zero = Values.index(0);
      this.base = k.let("gradient_base", Accesses.element(
          view, List.of(zero, Values.mul(group, filters), zero, zero), spec.secondSpace()));
    }

    @Override
    public boolean depthFollows() {
      return view.strides().get(1) != 1;
    }

    @Override
    public Product.Place across(Value index) {
      Value at = k.let("across", Values.add(base, Values.mul(wide(index, base), view.strides().get(1))));
      return new Product.Place(List.of(at), Values.bool(true));
    }

    @Override
    public Product.Place along(Value term) {
      List<Value> at = Accesses.coordinates(k, term, positions);
      Value there = Values.add(
          Values.mul(wide(at.get(0), base), view.strides().get(0)),
          Values.add(
              Values.mul(wide(at.get(1), base), view.strides().get(2)),
              Values.mul(wide(at.get(2), base), view.strides().get(3))));
      return new Product.Place(List.of(k.let("along", there)), Values.bool(true));
    }

    @Override
    public Value element(Product.Place across, Product.Place along) {
      return Values.load(memory, Values.add(across.parts().getFirst(), along.parts().getFirst()));
    }
  }

  /** The data as a filter's taps see it: columns of channels and taps, terms of positions. */
  private final class Shifted implements Product.Factor {
    private final LaunchBuilder k;
    private final Memory memory;
    private final Value group;
    private final Dims taps;
    private final Dims positions;

    Shifted(LaunchBuilder k, Memory memory, Value group, Dims taps, Dims positions) {
      this.k = k;
      this.memory = memory;
      this.group = group;
      this.taps = taps;
      this.positions = positions;
    }

    @Override
    public boolean depthFollows() {
      return spec.first().strides().get(1) != 1 || channels == 1;
    }

    @Override
    public Product.Place across(Value index) {
      List<Value> at = Accesses.coordinates(k, index, taps);
      return new Product.Place(
          List.of(
              at.get(0), k.let("down", Values.sub(Values.mul(at.get(1), g.dilationY()), g.padY())),
              k.let("right", Values.sub(Values.mul(at.get(2), g.dilationX()), g.padX()))),
          Values.bool(true));
    }

    @Override
    public Product.Place along(Value term) {
      List<Value> at = Accesses.coordinates(k, term, positions);
      Value zero = Values.index(0);
      Value channel = Values.mul(group, channels);
      Value base = Accesses.element(spec.first(), List.of(at.get(0), channel, zero, zero), spec.firstSpace());
      return new Product.Place(
          List.of(
              k.let("base", base), k.let("top", Values.mul(at.get(1), g.strideY())),
              k.let("start", Values.mul(at.get(2), g.strideX()))),
          Values.bool(true));
    }

    @Override
    public Value element(Product.Place across, Product.Place along) {
      Value h = Values.add(across.parts().get(1), along.parts().get(1));
      Value w = Values.add(across.parts().get(2), along.parts().get(2));
      return windowed(k, memory, spec.first(), along.parts().getFirst(), across.parts().getFirst(), h, w);
    }
  }
}
