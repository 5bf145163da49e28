package org.lathe.models.zoo.agents;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.lathe.models.bench.StepWorkload.Values;
import org.lathe.models.env.Environment;
import org.lathe.models.train.BoundStep;
import org.lathe.models.train.ModelState;
import org.lathe.models.train.Step;
import org.lathe.models.zoo.model.Card;
import org.lathe.models.zoo.model.RunRequest;
import org.lathe.models.zoo.model.ZooModel;
import org.lathe.models.zoo.parts.DataSource;

/** What all agents share: how they are measured, and how their episodes are shown. */
abstract class AgentModel extends ZooModel {
  /** Cart pole counts as solved with this mean return over {@link #TESTS} episodes. */
  static final double CARTPOLE_BAR = 195;
  static final int TESTS = 100;
  static final int SHOWN = 10;
  private static final long VALIDATION = 0x5e1ec7;

  AgentModel(Card card) {
    super(card);
  }

  /** The seed of the episodes that choose among an agent's epochs. */
  static long validationSeed(long seed) {
    return seed ^ VALIDATION << 32;
  }

  /** The seed of the episodes that an agent is judged by. */
  static long testSeed(long seed) {
    return DataSource.testSeed(seed);
  }

  /** The most actions of all environments. */
  static Values values(int actions) {
    return Values.random(actions);
  }

  /**
   * Plays episodes that no training saw, always the best action; tells their returns, and draws the first as {@code
   * episode.png}.
   *
   * @param acting for as many environments as the request counts
   */
  static Map<String, Double> show(
      RunRequest request, ModelState state, Step acting, Supplier<? extends Environment> maker) throws IOException {
    try (BoundStep step = BoundStep.bind(acting, state)) {
      Path file = Files.createDirectories(request.out()).resolve("episode.png");
      Episodes played = film(new Policy(step), maker, testSeed(request.seed()), file);
      for (int i = 0; i < played.totals().length; i++) {
        double total = Math.round(played.totals()[i] * 1e6) / 1e6;
        request.found(
            "episode",
            String.format(Locale.ROOT, "episode %d: return %.2f in %d steps", i + 1, total, played.lengths()[i]),
            "episode", i + 1, "return", total, "steps", played.lengths()[i]);
      }
      request.found("picture", "the first episode: " + file, "file", file.toString());
      return Map.of("mean_return", played.meanTotal());
    }
  }

  /** Plays an episode in each environment, and draws the first one. */
  static Episodes film(Policy policy, Supplier<? extends Environment> maker, long seed, Path file) throws IOException {
    List<Environment> worlds = IntStream.range(0, policy.count()).mapToObj(i -> (Environment) maker.get()).toList();
    Film film = new Film();
    Episodes played = Episodes.play(policy, worlds, seed, 0, Episodes.Choice.GREEDY, film.of(worlds.getFirst()));
    film.write(file);
    return played;
  }
}
