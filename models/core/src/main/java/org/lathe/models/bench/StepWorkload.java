package org.lathe.models.bench;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;
import org.lathe.compiler.ir.Literal;
import org.lathe.compiler.runtime.Compilation;
import org.lathe.compiler.runtime.Lathe;
import org.lathe.hal.DType;
import org.lathe.hal.device.CommandBuffer.KernelTiming;
import org.lathe.models.train.BoundStep;
import org.lathe.models.train.Field;
import org.lathe.models.train.ModelState;
import org.lathe.models.train.Step;

/**
 * Steps of a model, one after the other, each on one batch that stays the same.
 *
 * @param steps makes the model and its steps
 * @param values gives the batch: what to fill each input with
 */
public record StepWorkload(Supplier<List<Step>> steps, Values values) implements Workload.Setup {

  /** Fills an input of a benchmark. */
  @FunctionalInterface
  public interface Values {
    Literal of(Field field, RandomGenerator random);

    /** Normal floats, and integers uniform in 0 to {@code classes} (exclusive). */
    static Values random(long classes) {
      return uniform(classes, RandomGenerator::nextGaussian);
    }

    /** Floats from {@code floats}, and integers uniform in 0 to {@code classes} (exclusive). */
    static Values uniform(long classes, Function<RandomGenerator, Double> floats) {
      return (field, random) -> {
        double[] data = new double[Math.toIntExact(field.type().size())];
        for (int i = 0; i < data.length; i++) {
          data[i] = field.type().dtype() == DType.I32
              ? random.nextLong(classes)
              : (float) (double) floats.apply(random);
        }
        return Literal.adopt(field.type(), data);
      };
    }

    /** The whole batch of a step; an input's values depend on its name and the seed alone. */
    default Map<String, Literal> batch(Step step, long seed) {
      Map<String, Literal> batch = new HashMap<>();
      step.inputs().forEach(f -> batch.put(f.name(), of(f, new SplittableRandom(seed ^ f.name().hashCode()))));
      return batch;
    }
  }

  @Override
  public Workload.Ready prepare(Lathe lathe, long seed) {
    ModelState state = new ModelState(lathe, seed);
    List<BoundStep> bound = new ArrayList<>();
    for (Step step : steps.get()) {
      BoundStep b = BoundStep.bind(step, state);
      values.batch(step, seed).forEach((name, value) -> b.input(name).write(value));
      bound.add(b);
    }
    return new Workload.Ready() {
      @Override
      public void run() {
        for (int i = 0; i < bound.size(); i++) {
          bound.get(i).run();
        }
      }

      @Override
      public List<Compilation> compilations() {
        return bound.stream().map(BoundStep::compilation).toList();
      }

      @Override
      public List<List<KernelTiming>> profile() {
        return bound.stream().map(b -> b.call().profile()).toList();
      }

      @Override
      public void close() {
        bound.forEach(BoundStep::close);
        state.close();
      }
    };
  }
}
