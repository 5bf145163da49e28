package org.lathe.models.zoo.energy;

import java.util.List;
import java.util.function.Function;
import java.util.function.Supplier;
import org.lathe.compiler.op.Tensor;
import org.lathe.models.data.Column;
import org.lathe.models.data.Dataset;
import org.lathe.models.data.Digits;
import org.lathe.models.nn.Module;
import org.lathe.models.train.BoundStep;
import org.lathe.models.train.Evaluation;
import org.lathe.models.train.Field;
import org.lathe.models.train.ModelState;
import org.lathe.models.train.Step;
import org.lathe.models.train.StepContext;

/** How probable trained machines find digits: means over a dataset, and estimated partition functions. */
final class Likelihood {
  private static final double LEAST = 0.02;

  private Likelihood() {}

  /** A restricted machine's parameters: [visible, hidden], [visible], [hidden]. */
  record Machine(Tensor weight, Tensor visible, Tensor hidden) {}

  /**
   * The step that computes a quantity of each picture.
   *
   * @param value traced with input {@code image} [batch, 1, 28, 28]: [batch]
   */
  static Step mean(Module module, long batch, Function<StepContext, Tensor> value) {
    return Step.inference(
        "mean", module, List.of(Field.floats("image", batch, 1, Digits.SIDE, Digits.SIDE)),
        c -> c.report("value", value.apply(c)));
  }

  /** The mean over the pictures of {@code data}, by a step of {@link #mean(Module, long, Function)}. */
  static double mean(ModelState state, Step step, Dataset data) {
    try (BoundStep bound = BoundStep.bind(step, state)) {
      return new Evaluation(bound, data).run().getOrDefault("value", Double.NaN);
    }
  }

  /**
   * The step that estimates a machine's partition function by {@link Sampling#annealed}.
   *
   * @param visible units
   * @param machine traced
   */
  static Step annealing(Module module, long visible, long chains, long temperatures, Supplier<Machine> machine) {
    return Step.inference(
        "anneal",
        module,
        List.of(Field.floats("base", visible)),
        c -> {
          Machine m = machine.get();
          c.report(
              "log_weights",
              Sampling.annealed(
                  c.random(), m.weight(), m.visible(), m.hidden(), c.input("base"), chains, temperatures));
        });
  }

  /**
   * The logarithm of a machine's partition function.
   *
   * @param step of {@link #annealing}
   * @param meanBits [visible], how often each visible unit is on in the machine that the chains start from; 0 is taken for
   *     one half
   */
  static double logPartition(ModelState state, Step step, float[] meanBits) {
    float[] base = new float[meanBits.length];
    for (int i = 0; i < base.length; i++) {
      double p = meanBits[i] == 0 ? 0.5 : Math.clamp(meanBits[i], LEAST, 1 - LEAST);
      base[i] = (float) Math.log(p / (1 - p));
    }
    try (BoundStep anneal = BoundStep.bind(step, state)) {
      anneal.input("base").write(base);
      anneal.run();
      return Sampling.logMeanExp(anneal.report("log_weights").toFloats());
    }
  }

  /** How often each pixel of a digit is more than half dark, at least {@value #LEAST}. */
  static float[] meanBits(Dataset digits) {
    float[] pixels = ((Column.Floats) digits.column("image")).data();
    float[] mean = new float[Digits.SIDE * Digits.SIDE];
    for (int i = 0; i < pixels.length; i++) {
      mean[i % mean.length] += pixels[i] > 0.5f ? 1f / digits.size() : 0;
    }
    for (int i = 0; i < mean.length; i++) {
      mean[i] = (float) Math.max(LEAST, mean[i]);
    }
    return mean;
  }
}
