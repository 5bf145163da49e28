package org.lathe.models.zoo.neurons;

import java.util.List;
import org.lathe.compiler.op.ControlFlow;
import org.lathe.compiler.op.Convolutions;
import org.lathe.compiler.op.PoolingOps;
import org.lathe.compiler.op.Tensor;
import org.lathe.compiler.trace.RandomKey;
import org.lathe.hal.DType;
import org.lathe.hal.Dims;
import org.lathe.models.nn.Initializer;
import org.lathe.models.nn.Linear;
import org.lathe.models.nn.Module;
import org.lathe.models.nn.Parameter;
import org.lathe.models.train.StepContext;

/**
 * Two stages of S- and C-cells and a linear read-out: pictures [batch, 1, side, side] to logits [batch, classes].
 *
 * <p>An S-cell compares what it sees, 5 x 5 positions of all planes below, with its plane's template: the cosine of the
 * two, above a threshold. A C-cell is the mean of the S-cells of its plane in a neighbourhood, which makes it tolerate
 * shifts.
 */
final class Neocognitron extends Module {
  private static final long CLASSES = 10;

  private final List<Stage> stages;
  final Linear readOut;

  /**
   * @param side of the pictures
   * @param planes of the first and the second stage
   */
  Neocognitron(long side, long... planes) {
    Stage first = new Stage(1, planes[0], 0.7, 2, 2);
    long below = (side - Stage.SIZE + 1) / 2;
    long seen = below - Stage.SIZE + 1;
    Stage second = new Stage(planes[0], planes[1], 0.6, 5 * seen / 8, Math.max(1, seen / 8));
    stages = List.of(child("stage.0", first), child("stage.1", second));
    long cells = (seen - second.window) / second.stride + 1;
    readOut = child("readout", new Linear(planes[1] * cells * cells, CLASSES));
  }

  Tensor apply(Tensor image) {
    Tensor u = image;
    for (Stage s : stages) {
      u = s.apply(u);
    }
    return readOut.apply(u.stopGradient().flatten(1).mul(4));
  }

  /** Shows stage {@code number} one place of each picture; gives the mean cosine of each with its winner. */
  Tensor learn(StepContext c, int number, Tensor image) {
    Tensor u = image;
    for (Stage s : stages.subList(0, number)) {
      u = s.apply(u);
    }
    return stages.get(number).learn(c, u);
  }

  Stage stage(int number) {
    return stages.get(number);
  }

  /**
   * S-cells and the C-cells above them. Parameter: {@code template} [planes, below, 5, 5], each of norm 1, or 0 while it is
   * free. State: {@code used}, how many are not free.
   */
  static final class Stage extends Module {
    static final long SIZE = 5;
    private static final double FLOOR = 0.1;

    private final long below;
    private final long planes;
    private final double threshold;
    private final long window;
    private final long stride;
    final Parameter template;
    private final Parameter used;

    Stage(long below, long planes, double threshold, long window, long stride) {
      this.below = below;
      this.planes = planes;
      this.threshold = threshold;
      this.window = window;
      this.stride = stride;
      template = parameter("template", Initializer.ZEROS, planes, below, SIZE, SIZE);
      used = state("used", Initializer.ZEROS);
    }

    Tensor apply(Tensor u) {
      Tensor ones = Tensor.fill(u.builder(), template.type().withShape(Dims.of(1, 1, SIZE, SIZE)), 1);
      Tensor squares = u.square().sum(1).expandDims(1).conv2d(ones, Convolutions.Options.DEFAULT);
      Tensor cosine = u.conv2d(template.tensor(), Convolutions.Options.DEFAULT).div(squares.add(FLOOR * FLOOR).sqrt());
      Tensor s = cosine.sub(threshold).relu().mul(1 / (1 - threshold));
      return s.meanPool(PoolingOps.Options.of(window, stride, 0));
    }

    /**
     * Winner-take-all with "add if silent" (Fukushima 2013): what a place shows is given to a free plane if no template
     * comes near to it; otherwise the nearest template turns towards it. Empty places teach nothing.
     */
    Tensor learn(StepContext c, Tensor u) {
      long size = below * SIZE * SIZE;
      ControlFlow.Scanned pass = ControlFlow.scan(
          List.of(template.tensor().reshape(planes, size), used.tensor()),
          List.of(places(c.random(), u)),
          (carries, elements) -> {
            Tensor templates = carries.get(0);
            Tensor count = carries.get(1);
            Tensor seen = elements.getFirst();
            Tensor norm = seen.square().sum().sqrt();
            Tensor x = seen.div(norm.maximum(FLOOR));
            Tensor cosines = templates.matmul(x);
            Tensor best = cosines.max();
            Tensor silent = best.less(threshold).and(count.less(planes));
            Tensor chosen = silent.where(count.cast(DType.I32), cosines.argMax(0)).oneHot(planes, DType.F32);
            Tensor shown = norm.greater(1).cast(DType.F32);
            Tensor turned = templates.add(chosen.mul(shown).expandDims(1).mul(x.mul(0.1).expandDims(0)));
            Tensor lengths = turned.square().sum(1).sqrt().maximum(1e-6);
            Tensor next = count.add(silent.cast(DType.F32).mul(shown));
            return new ControlFlow.Step(List.of(turned.div(lengths.expandDims(1)), next), List.of(best));
          });
      c.assign(template, pass.carries().get(0).reshape(planes, below, SIZE, SIZE));
      used.update(pass.carries().get(1));
      return pass.output().mean();
    }

    /** One random place of 5 x 5 positions of each of u [batch, below, height, width]: [batch, below * 25]. */
    private Tensor places(RandomKey random, Tensor u) {
      long batch = u.dim(0);
      long height = u.dim(2);
      long width = u.dim(3);
      Tensor top = random.uniform(DType.F32, batch, 1).mul(height - SIZE + 1).floor();
      Tensor left = random.uniform(DType.F32, batch, 1).mul(width - SIZE + 1).floor();
      Tensor offset = Tensor.iota(u.builder(), DType.F32, Dims.of(1, SIZE * SIZE), 1);
      Tensor row = offset.div(SIZE).floor().add(top);
      Tensor column = offset.rem(SIZE).add(left);
      Tensor picture = Tensor.iota(u.builder(), DType.F32, Dims.of(batch, 1), 0);
      Tensor index = picture.mul(height).add(row).mul(width).add(column).cast(DType.I32);
      Tensor table = u.permute(0, 2, 3, 1).reshape(batch * height * width, below);
      return table.gather(index).permute(0, 2, 1).reshape(batch, below * SIZE * SIZE);
    }
  }
}
