package org.lathe.models.nets;

import java.util.ArrayList;
import java.util.List;
import org.lathe.compiler.op.Convolutions;
import org.lathe.compiler.op.Tensor;
import org.lathe.hal.DType;
import org.lathe.models.nn.BatchNorm;
import org.lathe.models.nn.ConditionalBatchNorm;
import org.lathe.models.nn.Conditioning;
import org.lathe.models.nn.Conv2d;
import org.lathe.models.nn.ConvNorm;
import org.lathe.models.nn.ConvTranspose2d;
import org.lathe.models.nn.Forward;
import org.lathe.models.nn.Initializer;
import org.lathe.models.nn.Linear;
import org.lathe.models.nn.Module;
import org.lathe.models.nn.MovingAverage;
import org.lathe.models.nn.Upsampling;

/**
 * StackGAN (Zhang, Xu, Li, Zhang, Wang, Huang and Metaxas 2017): captions i32 [batch, words] to pictures in two stages, each
 * with a critic. The first makes small pictures [batch, 3, side, side] of a caption and noise [batch, noise]; the second
 * makes pictures [batch, 3, 2 side, 2 side] of these and the caption. Pictures are in -1..1.
 *
 * <p>A caption is the sum of its words' embeddings. A generator sees a draw of a normal distribution that it derives from the
 * caption (conditioning augmentation), outside of training its mean. The first generator's dense layers see the whole
 * picture, then transposed convolutions double the side from 4 x 4 on. The second halves the side, joins the caption to each
 * place, and goes through residual blocks and up to twice the side; what it makes is added to the enlarged picture. A critic
 * halves the side to 4 x 4 and scores features and caption.
 *
 * <p>It differs from the paper in that words are embedded by each network on its own instead of by an encoder trained
 * before, that the first generator's batch norms are conditional, that the second generator makes a change to a picture,
 * that transposed convolutions enlarge, that the critics score by projection (Miyato and Koyama 2018), and that moving averages
 * of the generators' parameters draw outside of training.
 */
public final class StackGan extends Module {
  private static final long LEAST = 4;
  private static final double SLOPE = 0.2;
  private static final double DECAY = 0.995;
  private static final Convolutions.Options HALVE = Convolutions.Options.of(2, 1);

  private final FirstGenerator firstGenerator;
  private final SecondGenerator secondGenerator;
  private final MovingAverage firstAverage;
  private final MovingAverage secondAverage;
  private final Critic firstCritic;
  private final Critic secondCritic;

  /**
   * How large the networks are.
   *
   * @param vocabulary known words
   * @param padding the word that only fills captions up
   * @param embedding of a word in the generators
   * @param told width of what a generator draws of a caption
   * @param noise its width
   * @param hidden units of the first generator's dense layer, which brings together what words say of figure and place
   * @param first channels of the first generator at 4 x 4, 8 x 8, and so on; it ends with three at the next side
   * @param second channels of the second generator
   * @param blocks its residual blocks
   * @param firstCritic channels of the first critic's layers, each of which halves the side
   * @param secondCritic likewise, one layer more
   * @param features that a critic scores
   */
  public record Options(
      int vocabulary, int padding, long embedding, long told, long noise, long hidden, List<Long> first, long second,
      int blocks, List<Long> firstCritic, List<Long> secondCritic, long features) {
    public Options {
      first = List.copyOf(first);
      firstCritic = List.copyOf(firstCritic);
      secondCritic = List.copyOf(secondCritic);
      if (firstCritic.size() != first.size() || secondCritic.size() != first.size() + 1) {
        throw new IllegalArgumentException(
            "a generator that doubles the side " + first.size() + " times is judged by critics of " + first.size()
                + " and " + (first.size() + 1) + " layers, not " + firstCritic.size() + " and "
                + secondCritic.size());
      }
    }

    /** Of the first stage's pictures. */
    public long side() {
      return LEAST << first.size();
    }
  }

  public StackGan(Options options) {
    firstGenerator = child("first_generator", new FirstGenerator(options));
    firstCritic = child("first_critic", new Critic(options, options.firstCritic()));
    secondGenerator = child("second_generator", new SecondGenerator(options));
    secondCritic = child("second_critic", new Critic(options, options.secondCritic()));
    firstAverage = child("first_average", new MovingAverage(firstGenerator, DECAY));
    secondAverage = child("second_average", new MovingAverage(secondGenerator, DECAY));
  }

  public FirstGenerator firstGenerator() {
    return firstGenerator;
  }

  public SecondGenerator secondGenerator() {
    return secondGenerator;
  }

  /** Follows the first generator, and infers in its place. */
  public MovingAverage firstAverage() {
    return firstAverage;
  }

  /** Follows the second generator, and infers in its place. */
  public MovingAverage secondAverage() {
    return secondAverage;
  }

  public Critic firstCritic() {
    return firstCritic;
  }

  public Critic secondCritic() {
    return secondCritic;
  }

  /** How often each word is in captions, but for padding: i32 [.., words] to [.., vocabulary]. */
  private static Tensor counts(Options o, Tensor captions) {
    Tensor counted = captions.notEqualTo(o.padding()).cast(DType.F32).expandDims(captions.rank());
    return captions.oneHot(o.vocabulary(), DType.F32).mul(counted).sum(captions.rank() - 1);
  }

  /**
   * What a generator made.
   *
   * @param divergence of each element of what it drew of the captions from a standard normal one, [batch, told]
   */
  public record Made(Tensor picture, Tensor divergence) {}

  /** Conditioning augmentation. */
  private static final class Told extends Module {
    private final Options options;
    private final Linear words;
    private final Linear mean;
    private final Linear logVariance;
    private final Latent.Gaussian latent;

    Told(Options o) {
      options = o;
      words = child("words", new Linear(o.vocabulary(), o.embedding(), Initializer.normal(1), null));
      mean = child("mean", new Linear(o.embedding(), o.told()));
      logVariance = child(
          "log_variance",
          new Linear(o.embedding(), o.told(), Initializer.ZEROS, Initializer.constant(-4)));
      latent = new Latent.Gaussian(o.told());
    }

    /** A mean and the logarithm of a variance for each element, [batch, 2 told]. */
    Tensor encode(Tensor captions) {
      Tensor h = words.apply(counts(options, captions));
      return Tensor.concat(1, mean.apply(h), logVariance.apply(h));
    }

    Tensor draw(Tensor encoded) {
      return Forward.current().isTraining() ? latent.draw(encoded) : latent.mean(encoded);
    }

    Tensor divergence(Tensor encoded) {
      return latent.divergence(encoded);
    }
  }

  /** See {@link StackGan}. */
  public static final class FirstGenerator extends Module {
    private final Told told;
    private final long wide;
    private final Linear hidden;
    private final BatchNorm hiddenNorm;
    private final Linear first;
    private final List<ConditionalBatchNorm> norms;
    private final List<ConvTranspose2d> up;

    private FirstGenerator(Options o) {
      told = child("told", new Told(o));
      wide = o.first().getFirst();
      hidden = child("hidden", new Linear(o.noise() + o.told(), o.hidden(), Initializer.he(), null));
      hiddenNorm = child("hidden_norm", new BatchNorm(o.hidden()));
      first = child("first", new Linear(o.hidden(), wide * LEAST * LEAST, Initializer.he(), null));
      List<ConvTranspose2d> ups = new ArrayList<>();
      for (int i = 0; i < o.first().size(); i++) {
        boolean last = i == o.first().size() - 1;
        ups.add(
            new ConvTranspose2d(
                o.first().get(i), last ? 3 : o.first().get(i + 1), 4, HALVE,
                last ? Initializer.normal(0.02) : Initializer.he(),
                last ? Initializer.ZEROS : null));
      }
      norms = children("norms", o.first().stream().map(c -> new ConditionalBatchNorm(c, o.told())).toList());
      up = children("up", ups);
    }

    /**
     * @param captions i32 [batch, words]
     * @param noise [batch, noise]
     */
    public Made make(Tensor captions, Tensor noise) {
      Tensor encoded = told.encode(captions);
      Tensor asked = told.draw(encoded);
      Tensor h = hiddenNorm.apply(hidden.apply(Tensor.concat(1, asked, noise))).relu();
      h = first.apply(h).reshape(-1, wide, LEAST, LEAST);
      for (int i = 0; i < up.size(); i++) {
        h = up.get(i).apply(norms.get(i).apply(h, asked).relu());
      }
      return new Made(h.tanh(), told.divergence(encoded));
    }
  }

  /** See {@link StackGan}. */
  public static final class SecondGenerator extends Module {
    private static final Upsampling DOUBLE = new Upsampling(2);

    private final Told told;
    private final Conv2d down;
    private final ConvNorm join;
    private final List<ConvNorm> residual;
    private final ConvTranspose2d up;
    private final BatchNorm norm;
    private final ConvTranspose2d last;

    private SecondGenerator(Options o) {
      long c = o.second();
      told = child("told", new Told(o));
      down = child("down", new Conv2d(3, c, 4, HALVE));
      join = child("join", new ConvNorm(c + o.told(), c, 3, 1));
      List<ConvNorm> convolutions = new ArrayList<>();
      for (int i = 0; i < 2 * o.blocks(); i++) {
        convolutions.add(new ConvNorm(c, c, 3, 1));
      }
      residual = children("residual", convolutions);
      up = child("up", new ConvTranspose2d(c, c, 4, HALVE, Initializer.he(), null));
      norm = child("norm", new BatchNorm(c));
      last = child("last", new ConvTranspose2d(c, 3, 4, HALVE, Initializer.normal(0.005), Initializer.ZEROS));
    }

    /**
     * @param captions i32 [batch, words]
     * @param pictures of the first stage, [batch, 3, side, side]
     */
    public Made make(Tensor captions, Tensor pictures) {
      Tensor encoded = told.encode(captions);
      Tensor h = down.apply(pictures).leakyRelu(SLOPE);
      h = join.apply(Conditioning.concat(h, told.draw(encoded))).relu();
      for (int i = 0; i < residual.size(); i += 2) {
        h = h.add(residual.get(i + 1).apply(residual.get(i).apply(h).relu())).relu();
      }
      Tensor change = last.apply(norm.apply(up.apply(h)).relu());
      return new Made(DOUBLE.apply(pictures).add(change), told.divergence(encoded));
    }
  }

  /** See {@link StackGan}. */
  public static final class Critic extends Module {
    private final Options options;
    private final List<Conv2d> layers;
    private final List<BatchNorm> norms;
    private final Linear last;
    private final Linear score;
    private final Linear words;

    private Critic(Options o, List<Long> channels) {
      options = o;
      List<Conv2d> all = new ArrayList<>();
      long in = 3;
      for (long out : channels) {
        boolean first = all.isEmpty();
        all.add(new Conv2d(in, out, 4, HALVE, Initializer.he(), first ? Initializer.ZEROS : null));
        in = out;
      }
      layers = children("layers", all);
      norms = children("norms", channels.stream().skip(1).map(c -> new BatchNorm(c)).toList());
      last = child("last", new Linear(in * LEAST * LEAST, o.features(), Initializer.he()));
      score = child("score", new Linear(o.features(), 1));
      words = child(
          "words",
          new Linear(o.vocabulary(), o.features(), Initializer.normal(1 / Math.sqrt(o.features())), null));
    }

    /** What is seen of pictures: [batch, features]. */
    public Tensor look(Tensor pictures) {
      Tensor h = layers.getFirst().apply(pictures).leakyRelu(SLOPE);
      for (int i = 0; i < norms.size(); i++) {
        h = norms.get(i).apply(layers.get(i + 1).apply(h)).leakyRelu(SLOPE);
      }
      return last.apply(h.flatten(1)).leakyRelu(SLOPE);
    }

    /**
     * How real what is seen is, and how well it goes with captions: logits [batch, captions].
     *
     * @param seen as {@link #look} gives it
     * @param captions i32 [batch, captions, words], several for each picture
     */
    public Tensor judge(Tensor seen, Tensor captions) {
      Tensor asked = words.apply(counts(options, captions));
      return score.apply(seen).add(seen.expandDims(1).mul(asked).sum(2));
    }
  }
}
