package org.lathe.models.attack;

import java.util.ArrayList;
import java.util.List;
import org.lathe.compiler.op.ControlFlow;
import org.lathe.compiler.op.Gradients;
import org.lathe.compiler.op.Tensor;
import org.lathe.models.nn.Forward;
import org.lathe.models.nn.Layer;
import org.lathe.models.optim.Optimizer;

/**
 * Defense-GAN's projection (Samangouei, Kabkab and Chellappa 2018): the picture that a generator can make which lies nearest
 * to a given one. From several noises for each picture, gradient steps on the noise lessen the squared distance; the best of
 * them counts. A loop on the device; the generator's parameters do not change, and it is applied as in an inference.
 *
 * @param optimizer of the noise; the paper takes momentum
 * @param restarts noises for each picture
 */
public record RangeProjection(Optimizer optimizer, int restarts, int steps) {
  public RangeProjection {
    if (restarts < 1 || steps < 1) {
      throw new IllegalArgumentException(
          "a projection needs a noise and a step, not " + restarts + " restarts and " + steps + " steps");
    }
  }

  /**
   * @param picture what was found, of the shape of the given pictures
   * @param distance its mean squared distance to the given picture, [batch]
   */
  public record Found(Tensor picture, Tensor distance) {}

  /**
   * Projects pictures on the range of {@code generator}.
   *
   * @param generator from noise [count, width] to pictures
   * @param image [batch, ..]
   * @param noise to begin with, [batch * restarts, width]: the restarts of a picture follow each other
   */
  public Found project(Layer generator, Tensor image, Tensor noise) {
    long batch = image.dim(0);
    if (noise.dim(0) != batch * restarts) {
      throw new IllegalArgumentException(
          noise.dim(0) + " noises were given for " + batch + " pictures with " + restarts + " restarts each");
    }
    Tensor target = repeated(image.stopGradient());
    List<Tensor> start = new ArrayList<>(
        List.of(noise.stopGradient(), Tensor.scalar(noise.builder(), noise.dtype(), 0)));
    optimizer.slots().forEach(s -> start.add(Tensor.fill(noise.builder(), noise.type(), s.initial())));
    Tensor best = ControlFlow.repeat(start, steps, c -> step(generator, target, c)).carries().getFirst();
    Tensor made = Forward.current().inferring(() -> generator.apply(best));
    Tensor distances = distance(made, target).reshape(batch, restarts);
    Tensor chosen = distances.argMin(1).oneHot(restarts, made.dtype());
    Tensor picture = made.flatten(1).reshape(batch, restarts, -1).mul(chosen.expandDims(2)).sum(1);
    return new Found(picture.reshape(image.shape()).stopGradient(), distances.min(1).stopGradient());
  }

  /** Carries: the noise, how many steps were made, and the optimiser's slots. */
  private ControlFlow.Step step(Layer generator, Tensor target, List<Tensor> carries) {
    Tensor noise = carries.get(0);
    Tensor made = Forward.current().inferring(() -> generator.apply(noise));
    Tensor slope = Gradients.gradient(distance(made, target).sum(), noise);
    Optimizer.Update moved = optimizer.at(carries.get(1)).update(noise, slope, carries.subList(2, carries.size()));
    List<Tensor> next = new ArrayList<>(List.of(moved.parameter(), carries.get(1).add(1)));
    next.addAll(moved.slots());
    return new ControlFlow.Step(next, List.of());
  }

  /** Each picture {@code restarts} times. */
  private Tensor repeated(Tensor image) {
    long[] shape = new long[image.rank() + 1];
    for (int d = 0; d < image.rank(); d++) {
      shape[d == 0 ? 0 : d + 1] = image.dim(d);
    }
    shape[1] = restarts;
    Tensor many = image.expandDims(1).broadcastTo(shape);
    long[] flat = image.shape().toArray();
    flat[0] = image.dim(0) * restarts;
    return many.reshape(flat);
  }

  private static Tensor distance(Tensor made, Tensor target) {
    return made.sub(target).square().flatten(1).mean(1);
  }
}
