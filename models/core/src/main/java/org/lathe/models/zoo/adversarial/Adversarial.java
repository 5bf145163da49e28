package org.lathe.models.zoo.adversarial;

import java.util.List;
import org.lathe.models.adversarial.AdversarialLoss;
import org.lathe.models.adversarial.Alternation;
import org.lathe.models.adversarial.CriticConstraint.GradientPenalty;
import org.lathe.models.adversarial.Game;
import org.lathe.models.optim.Adam;
import org.lathe.models.optim.Optimizer;
import org.lathe.models.optim.Schedule;
import org.lathe.models.zoo.model.ZooModel;

/** Adversarial networks. */
public final class Adversarial {
  /** As in {@code --family}. */
  public static final String FAMILY = "adversarial";

  private Adversarial() {}

  /** Its models, in the order in which they are listed. */
  public static List<ZooModel> models() {
    return List.of(wganGp(), new AdversarialTrainingModel());
  }

  /** The penalty weighs 0.1 instead of the paper's 10, which suits points in the plane. */
  private static RingModel wganGp() {
    int steps = 5;
    int iterations = 250;
    int epochs = 12;
    long total = (long) iterations * epochs;
    Game game = Game.of(AdversarialLoss.WASSERSTEIN, adam(2e-3, total, 0.9), adam(2e-3, steps * total, 0.9))
        .constrained(new GradientPenalty(0.1))
        .alternating(Alternation.critic(steps));
    return new RingModel(
        "wgan-gp", "Gulrajani, Ahmed, Arjovsky, Dumoulin and Courville 2017",
        new RingModel.Parts(game, false, 2, 64, iterations, epochs, 8));
  }

  /** Adam with a first beta of 0.5, its rate falling along a cosine. */
  private static Optimizer adam(double rate, long steps, double beta2) {
    return new Adam(Schedule.cosine(rate, rate / 100, steps)).withBetas(0.5, beta2);
  }
}
