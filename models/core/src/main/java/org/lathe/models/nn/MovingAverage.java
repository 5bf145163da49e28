package org.lathe.models.nn;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Supplier;
import org.lathe.compiler.op.Tensor;

/**
 * Exponential moving averages of a module's parameters and states, to infer with in their place: they forget the swings of
 * the last steps (Polyak and Juditsky 1992; for generators Karras, Aila, Laine and Lehtinen 2018).
 *
 * <p>The model holds it beside the module and calls {@link #follow} in the training step, after the update. The averages are
 * states of the model, named as the module's parameters, so checkpoints hold them.
 *
 * {@snippet :
 * c.minimize(loss, Group.of(generator, adam));
 * average.follow(c.stepNumber());
 * // and in an inference
 * Tensor picture = average.inferring(() -> generator.apply(noise));
 * }
 */
public final class MovingAverage extends Module {
  /** The first averages reach back over about this part of all steps. */
  private static final double REACH = 10;

  private final double decay;
  private final Map<Parameter, Parameter> averages = new LinkedHashMap<>();

  /**
   * @param of whose parameters are averaged
   * @param decay the weight of all that was before, in [0, 1), once there are many steps: some
   *     {@code 1 / (1 - decay)} steps count
   */
  public MovingAverage(Module of, double decay) {
    if (!(decay >= 0 && decay < 1)) {
      throw new IllegalArgumentException("a moving average decays by a factor in [0, 1), not " + decay);
    }
    this.decay = decay;
    of.parameters().forEach(
        (name, p) -> averages.put(p, state(name, p.initializer(), p.type().shape().toArray())));
  }

  /**
   * Moves the averages towards the present values. The newest weighs {@code 1 - decay}, and at first more,
   * {@code 10 / (10 + step)}: the first step's averages are its values, and how a training began is soon forgotten.
   *
   * @param step f32 scalar: how often it followed before
   */
  public void follow(Tensor step) {
    Tensor newest = step.add(REACH).reciprocal().mul(REACH).maximum(1 - decay);
    averages.forEach((p, average) -> {
      Tensor before = average.tensor();
      Tensor now = p.tensor().stopGradient();
      average.update(before.add(now.sub(before).mul(newest)));
    });
  }

  /** Runs {@code body} as an inference ({@link Forward#inferring}) with the averages in place of what they are of. */
  public <T> T inferring(Supplier<T> body) {
    return Forward.current().inferring(averages, body);
  }
}
