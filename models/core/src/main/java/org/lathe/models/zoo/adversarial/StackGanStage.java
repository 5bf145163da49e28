package org.lathe.models.zoo.adversarial;

import java.util.List;
import java.util.Locale;
import org.lathe.compiler.op.LossOps;
import org.lathe.compiler.op.Tensor;
import org.lathe.hal.DType;
import org.lathe.hal.Dims;
import org.lathe.models.adversarial.AdversarialLoss;
import org.lathe.models.adversarial.Game;
import org.lathe.models.adversarial.InstanceNoise;
import org.lathe.models.data.Shapes;
import org.lathe.models.nets.StackGan;
import org.lathe.models.nn.Forward;
import org.lathe.models.nn.Module;
import org.lathe.models.nn.MovingAverage;
import org.lathe.models.optim.Adam;
import org.lathe.models.optim.Schedule;
import org.lathe.models.train.Field;
import org.lathe.models.train.Group;
import org.lathe.models.train.Step;
import org.lathe.models.train.StepContext;

/** One of the two stages of a {@link StackGan}: how its generator and its critic learn, from the same pictures. */
enum StackGanStage {
  /** Makes small pictures of captions and noise. */
  FIRST(1, 1.5e-3, 1e-3) {
    @Override
    Module generator(StackGan nets) {
      return nets.firstGenerator();
    }

    @Override
    StackGan.Critic critic(StackGan nets) {
      return nets.firstCritic();
    }

    @Override
    MovingAverage average(StackGan nets) {
      return nets.firstAverage();
    }

    @Override
    StackGan.Made make(StackGan nets, Tensor captions, Tensor noise) {
      return nets.firstGenerator().make(captions, noise);
    }
  },
  /** Makes pictures of twice the side of those of the first stage, which no longer learns. */
  SECOND(2, 1e-4, 3e-4) {
    @Override
    Module generator(StackGan nets) {
      return nets.secondGenerator();
    }

    @Override
    StackGan.Critic critic(StackGan nets) {
      return nets.secondCritic();
    }

    @Override
    MovingAverage average(StackGan nets) {
      return nets.secondAverage();
    }

    @Override
    StackGan.Made make(StackGan nets, Tensor captions, Tensor noise) {
      StackGan.Made first = nets.firstAverage().inferring(() -> nets.firstGenerator().make(captions, noise));
      return nets.secondGenerator().make(captions, first.picture().stopGradient());
    }
  };

  /** The weight of the divergence of what a generator draws of a caption. */
  static final double DIVERGENCE = 0.1;

  /** The deviation of the noise on what a critic learns to read, and at first on all that it sees. */
  private static final double BLUR = 0.15;

  /** The weight of the critics' and the generators' losses of figures and colours that are mistaken for others. */
  static final double MISTAKEN = 2;

  private final int enlarged;
  private final double generatorRate;
  private final double criticRate;

  /**
   * @param enlarged the side of its pictures beside that of the first stage's
   * @param generatorRate with which Adam begins
   * @param criticRate likewise
   */
  StackGanStage(int enlarged, double generatorRate, double criticRate) {
    this.enlarged = enlarged;
    this.generatorRate = generatorRate;
    this.criticRate = criticRate;
  }

  abstract Module generator(StackGan nets);

  abstract StackGan.Critic critic(StackGan nets);

  abstract MovingAverage average(StackGan nets);

  abstract StackGan.Made make(StackGan nets, Tensor captions, Tensor noise);

  /** Of its pictures. */
  int side(StackGan.Options options) {
    return Math.toIntExact(enlarged * options.side());
  }

  /** In names of steps, files and groups. */
  String label() {
    return name().toLowerCase(Locale.ROOT);
  }

  private Game game(long iterations) {
    return Game
        .of(AdversarialLoss.NON_SATURATING, adam(generatorRate, iterations), adam(criticRate, iterations))
        .noisy(new InstanceNoise(BLUR, Math.max(1, iterations / 4)));
  }

  private static Adam adam(double rate, long iterations) {
    return new Adam(Schedule.cosine(rate, rate / 50, iterations).warmedUp(20)).withBetas(0.5, 0.999);
  }

  /**
   * @param iterations of the whole training
   */
  Step training(StackGan nets, StackGan.Options options, long batch, long iterations) {
    Game game = game(iterations);
    return Step.training(
        label(),
        nets,
        fields(options, batch),
        c -> {
          Tensor captions = c.input("caption");
          Tensor noise = Forward.current().normal(Dims.of(batch, options.noise()));
          StackGan.Made made = make(nets, captions, noise);
          Tensor both = Tensor.concat(0, c.input("image").mul(2).sub(1), made.picture());
          StackGan.Critic critic = critic(nets);
          Tensor seen = critic.look(game.noise().addTo(both, c.stepNumber()));
          Judged onReal = new Judged(critic, seen.slice(0, 0, batch), captions);
          Judged onFake = new Judged(critic, seen.slice(0, batch, 2 * batch), captions);
          Tensor ofGenerator = game.loss().generator(onFake.right()).add(onFake.mistaken().mul(MISTAKEN))
              .add(made.divergence().mean().mul(DIVERGENCE));
          Tensor ofCritic = game.loss().critic(onReal.right(), onFake.right())
              .add(game.loss().critic(onReal.right(), onReal.wrong())).mul(0.5)
              .add(onReal.mistaken().mul(MISTAKEN));
          c.minimize(ofGenerator, Group.of(label() + "_" + Game.GENERATOR, generator(nets), game.generator()));
          c.minimize(ofCritic, Group.of(label() + "_" + Game.CRITIC, critic, game.critic()));
          average(nets).follow(c.stepNumber());
          c.report("loss", ofCritic);
        });
  }

  /** The critic learns to tell figures and colours of real pictures, so that the generator is told of them from the start. */
  Step reading(StackGan nets, StackGan.Options options, long batch, long iterations) {
    return Step.training(
        label() + "_reading",
        nets,
        fields(options, batch),
        c -> {
          StackGan.Critic critic = critic(nets);
          Tensor pictures = c.input("image").mul(2).sub(1);
          Tensor noisy = pictures.add(Forward.current().normal(pictures.shape()).mul(BLUR));
          Tensor loss = new Judged(critic, critic.look(noisy), c.input("caption")).mistaken();
          c.minimize(
              loss, Group.of(label() + "_reading", critic, new Adam(Schedule.cosine(3e-3, 1e-4, iterations))));
          c.report("loss", loss);
        });
  }

  private List<Field> fields(StackGan.Options options, long batch) {
    long side = side(options);
    return List.of(Field.floats("image", batch, 3, side, side), Field.ints("caption", batch, Shapes.WORDS));
  }

  /**
   * A critic's scores of pictures with captions.
   *
   * @param right with their own, [batch, 1]
   * @param figures with other figures, [batch, captions]; likewise the colours, and sizes with places
   */
  private record Judged(Tensor right, Tensor figures, Tensor colours, Tensor places) {
    Judged(StackGan.Critic critic, Tensor seen, Tensor captions) {
      this(
          critic.judge(seen, captions.expandDims(1)), critic.judge(seen, WrongCaptions.figures(captions)),
          critic.judge(seen, WrongCaptions.colours(captions)), critic.judge(seen, WrongCaptions.places(captions)));
    }

    Tensor wrong() {
      return Tensor.concat(1, figures, colours, places);
    }

    /** The cross-entropy of the right figure among all, and that of the right colour. */
    Tensor mistaken() {
      Tensor first = right.reshape(-1).cast(DType.I32).zerosLike();
      return LossOps.softmaxCrossEntropy(Tensor.concat(1, right, figures), first).mean()
          .add(LossOps.softmaxCrossEntropy(Tensor.concat(1, right, colours), first).mean());
    }
  }
}
