package org.lathe.models.zoo.adversarial;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.function.BiFunction;
import java.util.function.Function;
import org.lathe.models.adversarial.AdversarialTask;
import org.lathe.models.adversarial.Game;
import org.lathe.models.data.Points;
import org.lathe.models.train.Batches;
import org.lathe.models.train.BoundStep;
import org.lathe.models.train.ModelState;
import org.lathe.models.train.Step;
import org.lathe.models.train.Trainer;
import org.lathe.models.zoo.model.RunRequest;
import org.lathe.models.zoo.model.TrainRequest;

/**
 * How a generator of points on the ring of eight Gaussians is trained, and how it makes points: what all such models do alike.
 * Its step has an input {@code noise} [count, noise].
 *
 * @param noise how many numbers a point is made of
 * @param iterations in an epoch
 * @param <Q> what is measured of points
 * @param shown runs a step that generates, its noise being given, writes the points as a picture, and measures them
 */
record RingTraining<Q>(
    Game game, int noise, int iterations, int epochs, BiFunction<BoundStep, Path, Q> shown,
    Function<Q, Map<String, Double>> metrics) {
  static final long BATCH = 256;

  /** So many points are made to be measured. */
  static final int SAMPLES = 4096;

  private static final int EXAMPLES = 1 << 16;

  /** What the trained generator's points are like. */
  record Trained<Q>(Q quality, Trainer.Outcome outcome) {}

  /**
   * Trains, and measures the points after each epoch, {@code samples-1.png} and so on, and at the end, {@code samples.png}.
   *
   * @param model its name in checkpoints
   * @param steps the critic's and the generator's, of {@link #BATCH}
   * @param generating of {@link #SAMPLES} points
   */
  Trained<Q> train(TrainRequest request, String model, List<Step> steps, Step generating) throws IOException {
    try (ModelState state = new ModelState(request.lathe(), request.seed());
        BoundStep critic = BoundStep.bind(steps.get(0), state);
        BoundStep generator = BoundStep.bind(steps.get(1), state);
        BoundStep generate = BoundStep.bind(generating, state)) {
      generate.input("noise").write(Noise.normal(SAMPLES, noise, request.seed()));
      Batches batches = new Batches(Points.ring(EXAMPLES, request.seed()), critic, request.seed());
      AdversarialTask task = new AdversarialTask(
          game.alternation(), critic, batches, generator, null, iterations,
          epoch -> metrics.apply(shown.apply(generate, request.out().resolve("samples-" + (epoch + 1) + ".png"))));
      Trainer.Outcome outcome = Trainer.train(state, task, request.options(model, epochs));
      return new Trained<>(shown.apply(generate, request.out().resolve("samples.png")), outcome);
    }
  }

  /**
   * Makes points with the parameters of the request's checkpoint, and measures them: {@code generated.png}.
   *
   * @param generating of {@code count} points
   */
  Map<String, Double> run(RunRequest request, String model, int count, Step generating) throws IOException {
    try (ModelState state = request.parameters(model, generating);
        BoundStep generate = BoundStep.bind(generating, state)) {
      generate.input("noise").write(Noise.normal(count, noise, request.seed()));
      Path file = Files.createDirectories(request.out()).resolve("generated.png");
      Q quality = shown.apply(generate, file);
      request.found(
          "picture", count + " points made from noise: " + file, "file", file.toString(), "count", count);
      return metrics.apply(quality);
    }
  }
}
