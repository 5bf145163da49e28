package org.lathe.models.nets;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.lathe.compiler.op.Convolutions;
import org.lathe.compiler.op.PoolingOps;
import org.lathe.compiler.op.Tensor;
import org.lathe.models.nn.BatchNorm;
import org.lathe.models.nn.ConditionalBatchNorm;
import org.lathe.models.nn.Conv2d;
import org.lathe.models.nn.Initializer;
import org.lathe.models.nn.Linear;
import org.lathe.models.nn.Module;
import org.lathe.models.nn.ProjectionScore;
import org.lathe.models.nn.SelfAttention2d;
import org.lathe.models.nn.Upsampling;

/**
 * BigGAN (Brock, Donahue and Simonyan 2019): a generator from noise [batch, noise] and a class as one-hot [batch, classes] to
 * pictures [batch, channels, side, side] in -1..1, and a critic of pictures and classes to scores [batch, 1]. The side is 4
 * times 2 to the number of blocks.
 *
 * <p>The generator's residual blocks double the side. The noise is cut in equal parts, each of which is told beside an
 * embedding of the class that all share: the first makes the map of 4 x 4, each other one conditions the batch norms of a
 * block. The critic's blocks halve the side, the last one does not; the sum over all places is scored by projection on the
 * class. Both have self attention at one side, and spectral norm in all layers but those that condition the batch norms.
 *
 * <p>It differs from the paper in that the first map is told the class too (as in its BigGAN-deep), in that the layers that
 * condition the batch norms are not normalised and begin at 0, and in that convolutions begin with He's numbers and have no
 * bias where a batch norm follows.
 */
public final class BigGan extends Module {
  private static final long FIRST = 4;
  private static final Convolutions.Options SAME = Convolutions.Options.of(1, 1);
  private static final PoolingOps.Options HALVE = PoolingOps.Options.of(2);

  private final Generator generator;
  private final Critic critic;

  /**
   * How large the networks are.
   *
   * @param part the width of each part of the noise
   * @param embedding the width of the class's embedding in the generator
   * @param widths channels at each side of the generator, from 4 x 4 up; the critic has them in the other order, and its
   *     last block keeps the last one
   * @param attention the side at which there is self attention; 0 for none
   */
  public record Options(
      long channels, long classes, long part, long embedding, List<Long> widths, long attention) {
    public Options {
      widths = List.copyOf(widths);
      if (widths.size() < 2) {
        throw new IllegalArgumentException("a generator has at least one block, so two widths, not " + widths);
      }
    }

    /** As published for 128 x 128 pictures. */
    public static Options published(long classes) {
      return new Options(3, classes, 20, 128, List.of(1536L, 1536L, 768L, 384L, 192L, 96L), 64);
    }

    /** For grey pictures of 32 x 32, to be trained within minutes. */
    public static Options small(long classes) {
      return new Options(1, classes, 16, 16, List.of(64L, 32L, 16L, 16L), 8);
    }

    /** The width of the noise: a part for the first map and for each block. */
    public long noise() {
      return part * widths.size();
    }

    public long side() {
      return FIRST << blocks();
    }

    private int blocks() {
      return widths.size() - 1;
    }
  }

  public BigGan(Options options) {
    generator = child("generator", new Generator(options));
    critic = child("critic", new Critic(options));
  }

  public Generator generator() {
    return generator;
  }

  public Critic critic() {
    return critic;
  }

  private static Conv2d conv(long in, long out, long size) {
    return conv(in, out, size, Initializer.ZEROS);
  }

  /** Before batch norms, which take away what a bias adds. */
  private static Conv2d unbiased(long in, long out, long size) {
    return conv(in, out, size, null);
  }

  private static Conv2d conv(long in, long out, long size, @Nullable Initializer bias) {
    Convolutions.Options options = size == 1 ? Convolutions.Options.DEFAULT : SAME;
    return new Conv2d(in, out, size, options, Initializer.he(), bias).spectral();
  }

  /** See {@link BigGan}. */
  public static final class Generator extends Module {
    private final Options options;
    private final Linear embedding;
    private final Linear first;
    private final List<Up> blocks;
    private final @Nullable SelfAttention2d attention;
    private final BatchNorm norm;
    private final Conv2d last;

    private Generator(Options options) {
      this.options = options;
      embedding = child(
          "embedding",
          new Linear(
              options.classes(), options.embedding(), Initializer.orthogonal(Math.sqrt(options.embedding())), null));
      long wide = options.widths().getFirst();
      long told = options.embedding() + options.part();
      first = child(
          "first",
          new Linear(told, wide * FIRST * FIRST, Initializer.orthogonal(1), Initializer.ZEROS).spectral());
      List<Up> all = new ArrayList<>();
      SelfAttention2d attending = null;
      for (int i = 0; i < options.blocks(); i++) {
        all.add(new Up(options.widths().get(i), options.widths().get(i + 1), told));
        if (FIRST << i + 1 == options.attention()) {
          attending = new SelfAttention2d(options.widths().get(i + 1)).spectral();
        }
      }
      blocks = children("blocks", all);
      attention = attending == null ? null : child("attention", attending);
      norm = child("norm", new BatchNorm(options.widths().getLast()));
      last = child("last", conv(options.widths().getLast(), options.channels(), 3));
    }

    /**
     * @param noise [batch, {@link Options#noise}]
     * @param classes f32 [batch, classes], one-hot
     */
    public Tensor apply(Tensor noise, Tensor classes) {
      List<Tensor> parts = noise.split(1, options.widths().size());
      Tensor embedded = embedding.apply(classes);
      Tensor h = first.apply(Tensor.concat(1, embedded, parts.getFirst()))
          .reshape(-1, options.widths().getFirst(), FIRST, FIRST);
      for (int i = 0; i < blocks.size(); i++) {
        h = blocks.get(i).apply(h, Tensor.concat(1, embedded, parts.get(i + 1)));
        if (attention != null && h.dim(2) == options.attention()) {
          h = attention.apply(h);
        }
      }
      return last.apply(norm.apply(h).relu()).tanh();
    }
  }

  /** A residual block that doubles the side. */
  private static final class Up extends Module {
    private static final Upsampling DOUBLE = new Upsampling(2);

    private final ConditionalBatchNorm firstNorm;
    private final Conv2d first;
    private final ConditionalBatchNorm secondNorm;
    private final Conv2d second;
    private final Conv2d shortcut;

    Up(long in, long out, long condition) {
      firstNorm = child("first_norm", new ConditionalBatchNorm(in, condition));
      first = child("first", unbiased(in, out, 3));
      secondNorm = child("second_norm", new ConditionalBatchNorm(out, condition));
      second = child("second", unbiased(out, out, 3));
      shortcut = child("shortcut", unbiased(in, out, 1));
    }

    Tensor apply(Tensor x, Tensor condition) {
      Tensor h = first.apply(DOUBLE.apply(firstNorm.apply(x, condition).relu()));
      h = second.apply(secondNorm.apply(h, condition).relu());
      return h.add(DOUBLE.apply(shortcut.apply(x)));
    }
  }

  /** See {@link BigGan}. */
  public static final class Critic extends Module {
    private final Options options;
    private final List<Down> blocks;
    private final @Nullable SelfAttention2d attention;
    private final ProjectionScore score;

    private Critic(Options options) {
      this.options = options;
      List<Long> widths = options.widths().reversed();
      List<Down> all = new ArrayList<>();
      SelfAttention2d attending = null;
      for (int i = 0; i < widths.size(); i++) {
        boolean halves = i < options.blocks();
        all.add(new Down(i == 0 ? options.channels() : widths.get(i - 1), widths.get(i), i == 0, halves));
        if (halves && options.side() >> i + 1 == options.attention()) {
          attending = new SelfAttention2d(widths.get(i)).spectral();
        }
      }
      blocks = children("blocks", all);
      attention = attending == null ? null : child("attention", attending);
      score = child("score", new ProjectionScore(widths.getLast(), options.classes()).spectral());
    }

    /**
     * @param picture [batch, channels, side, side]
     * @param classes f32 [batch, classes], one-hot
     */
    public Tensor apply(Tensor picture, Tensor classes) {
      Tensor h = picture;
      boolean attended = false;
      for (Down block : blocks) {
        h = block.apply(h);
        if (attention != null && !attended && h.dim(2) == options.attention()) {
          h = attention.apply(h);
          attended = true;
        }
      }
      return score.apply(h.relu().sum(2, 3), classes);
    }
  }

  /** A residual block that halves the side, or leaves it. */
  private static final class Down extends Module {
    private final boolean first;
    private final boolean halves;
    private final Conv2d one;
    private final Conv2d two;
    private final Conv2d shortcut;

    Down(long in, long out, boolean first, boolean halves) {
      this.first = first;
      this.halves = halves;
      one = child("one", conv(in, out, 3));
      two = child("two", conv(out, out, 3));
      shortcut = child("shortcut", conv(in, out, 1));
    }

    /** The shortcut is pooled first, which is the same and less work. */
    Tensor apply(Tensor x) {
      Tensor h = two.apply(one.apply(first ? x : x.relu()).relu());
      return halves
          ? h.meanPool(HALVE).add(shortcut.apply(x.meanPool(HALVE)))
          : h.add(shortcut.apply(x));
    }
  }
}
