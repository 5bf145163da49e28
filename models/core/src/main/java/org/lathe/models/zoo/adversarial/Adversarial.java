package org.lathe.models.zoo.adversarial;

import java.util.List;
import org.lathe.models.adversarial.AdversarialLoss;
import org.lathe.models.adversarial.Alternation;
import org.lathe.models.adversarial.CriticConstraint.GradientPenalty;
import org.lathe.models.adversarial.CriticConstraint.WeightClipping;
import org.lathe.models.adversarial.Game;
import org.lathe.models.adversarial.InstanceNoise;
import org.lathe.models.optim.Adam;
import org.lathe.models.optim.Optimizer;
import org.lathe.models.optim.RmsProp;
import org.lathe.models.optim.Schedule;
import org.lathe.models.zoo.model.ZooModel;

/** Adversarial networks. */
public final class Adversarial {
  /** As in {@code --family}. */
  public static final String FAMILY = "adversarial";

  private static final String GOODFELLOW = "Goodfellow, Pouget-Abadie, Mirza, Xu, Warde-Farley, Ozair, Courville and Bengio 2014";

  private Adversarial() {}

  /** Its models, in the order in which they are listed. */
  public static List<ZooModel> models() {
    return List.of(
        gan("gan", GOODFELLOW, AdversarialLoss.NON_SATURATING),
        gan("gan-saturating", GOODFELLOW, AdversarialLoss.SATURATING),
        gan("lsgan", "Mao, Li, Xie, Lau, Wang and Smolley 2017", AdversarialLoss.LEAST_SQUARES),
        wgan(),
        wganGp(),
        sngan(),
        new DcganModel(),
        new CganModel(),
        new SganModel(),
        new BigGanModel(),
        new InfoganModel(),
        new SsganModel(),
        new CycleGanModel(),
        new StackGanModel(),
        new DefenseGanModel(),
        new AdversarialTrainingModel());
  }

  /** With instance noise, without which the critic is soon sure and the generator leaves modes. */
  private static RingModel gan(String name, String paper, AdversarialLoss loss) {
    int iterations = 500;
    int epochs = 12;
    long total = (long) iterations * epochs;
    Game game = Game.of(loss, adam(0.05, total), adam(0.05, total)).noisy(new InstanceNoise(0.5, total / 2));
    return new RingModel(name, paper, new RingModel.Parts(game, 0, 8, 64, iterations, epochs, 7));
  }

  /** The critic's weights are clipped at 0.2, where the paper's 0.01 leaves so small a critic no slope to speak of. */
  private static RingModel wgan() {
    int steps = 5;
    int iterations = 250;
    int epochs = 12;
    long total = (long) iterations * epochs;
    Game game = Game
        .of(
            AdversarialLoss.WASSERSTEIN,
            new RmsProp(Schedule.cosine(2e-3, 4e-5, total)),
            new RmsProp(Schedule.cosine(2e-3, 4e-5, steps * total)))
        .constrained(new WeightClipping(0.2))
        .alternating(Alternation.critic(steps));
    return new RingModel(
        "wgan", "Arjovsky, Chintala and Bottou 2017",
        new RingModel.Parts(game, 0, 8, 64, iterations, epochs, 8));
  }

  /** The penalty weighs 0.1 instead of the paper's 10, which suits points in the plane. */
  private static RingModel wganGp() {
    int steps = 5;
    int iterations = 250;
    int epochs = 12;
    long total = (long) iterations * epochs;
    Game game = Game.of(AdversarialLoss.WASSERSTEIN, adam(0.01, total), adam(0.01, steps * total))
        .constrained(new GradientPenalty(0.1))
        .alternating(Alternation.critic(steps));
    return new RingModel(
        "wgan-gp", "Gulrajani, Ahmed, Arjovsky, Dumoulin and Courville 2017",
        new RingModel.Parts(game, 0, 2, 64, iterations, epochs, 8));
  }

  /** The critic's slope is bounded by 20 instead of the paper's 1: modes are narrow beside the ring. */
  private static RingModel sngan() {
    int steps = 2;
    int iterations = 400;
    int epochs = 10;
    long total = (long) iterations * epochs;
    Game game = Game.of(AdversarialLoss.HINGE, adam(0.05, total), adam(0.05, steps * total))
        .alternating(Alternation.critic(steps));
    return new RingModel(
        "sngan", "Miyato, Kataoka, Koyama and Yoshida 2018",
        new RingModel.Parts(game, 20, 8, 64, iterations, epochs, 7));
  }

  /** Adam whose rate falls along a cosine from 2e-3 to a part of it. */
  private static Optimizer adam(double last, long steps) {
    return new Adam(Schedule.cosine(2e-3, 2e-3 * last, steps)).withBetas(0.5, 0.9);
  }
}
