package org.lathe.models.zoo.agents;

import java.util.Map;
import java.util.function.Supplier;
import org.lathe.models.env.Environment;
import org.lathe.models.train.BoundStep;
import org.lathe.models.train.TrainingTask;

/**
 * Learning from whole episodes: an iteration plays one in each of some environments by the policy as it is, then makes one
 * step on all of them. How they begin and what is drawn follows from the seed and the iteration's number, so that nothing of
 * the environments has to be kept between iterations.
 *
 * @param policy acts in as many environments as {@code learn} has columns
 * @param learn has inputs {@code observation} [limit, batch, width], {@code action}, {@code reward} and {@code present}
 *     [limit, batch], may have {@code value}, and reports {@code loss}
 */
record EpisodicTask(
    Policy policy, BoundStep learn, Supplier<? extends Environment> maker, Episodes.Choice choice, long seed,
    int iterationsPerEpoch, ReturnLog log, Supplier<Map<String, Double>> evaluation) implements TrainingTask {
  @Override
  public void beginEpoch(int epoch) {
    log.restore();
  }

  @Override
  public double iterate(int epoch, int index) {
    long number = (long) epoch * iterationsPerEpoch + index;
    Episodes played = Episodes.play(policy, maker, seed, number, choice);
    learn.input("observation").write(played.observations());
    learn.input("action").write(played.actions());
    learn.input("reward").write(played.rewards());
    learn.input("present").write(played.present());
    if (choice == Episodes.Choice.SAMPLED_WITH_VALUES) {
      learn.input("value").write(played.values());
    }
    learn.run();
    for (double total : played.totals()) {
      log.add(total);
    }
    log.save();
    return learn.value("loss");
  }

  @Override
  public Map<String, Double> evaluate(int epoch) {
    return evaluation.get();
  }
}
