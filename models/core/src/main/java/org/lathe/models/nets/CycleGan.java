package org.lathe.models.nets;

import java.util.ArrayList;
import java.util.List;
import org.lathe.compiler.op.Convolutions;
import org.lathe.compiler.op.Tensor;
import org.lathe.models.nn.Conv2d;
import org.lathe.models.nn.ConvTranspose2d;
import org.lathe.models.nn.Initializer;
import org.lathe.models.nn.Layer;
import org.lathe.models.nn.Module;
import org.lathe.models.nn.Reflection;

/**
 * Translation between two sets of pictures without pairs (Zhu, Park, Isola and Efros 2017): two generators from pictures
 * [batch, channels, side, side] in -1..1 to such of the other set, and two critics that score patches, [batch, 1, h, w].
 *
 * <p>A generator: a 3 x 3 convolution, {@code halvings} convolutions of stride 2 that double the channels, residual blocks, as
 * many transposed convolutions, and a 3 x 3 convolution whose maps are added to the picture. Its layers of stride 1 see
 * pictures and maps reflected at their edges. A transposed convolution tells even places from odd ones, several in a row the
 * places within a step of the innermost maps: so a generator can paint a texture that lies at the same places of every picture
 * and repeats after two to the power of {@code halvings} pixels. A critic: 4 x 4 convolutions of stride 2, one of stride 1, and
 * the score.
 *
 * <p>It differs from the paper in size and in three things that suit pictures whose ground tells their set. A generator learns
 * what to change, and begins near the identity. What it sees before each halving is added again after the transposed
 * convolution that undoes it (Ronneberger, Fischer and Brox 2015). There is no instance norm, which would take away how light
 * a picture is.
 */
public final class CycleGan extends Module {
  private static final double SLOPE = 0.2;
  private static final double FIRST_CHANGE = 0.005;
  private static final Convolutions.Options HALVE = Convolutions.Options.of(2, 1);
  private static final Convolutions.Options SAME = Convolutions.Options.of(1, 1);
  private static final Convolutions.Options MIRRORED = Convolutions.Options.DEFAULT;

  private final Pair generators;
  private final Pair critics;

  /**
   * How large the networks are.
   *
   * @param channels of the pictures
   * @param width channels of a generator's first layer
   * @param halvings how often it halves the side
   * @param blocks residual blocks of two convolutions
   * @param criticWidth channels of a critic's first layer
   * @param criticHalvings how often a critic halves the side
   */
  public record Options(
      long channels, long width, int halvings, int blocks, long criticWidth, int criticHalvings) {}

  /** Two networks of a kind, which are trained together. */
  public static final class Pair extends Module {
    private final Layer there;
    private final Layer back;

    private <M extends Module & Layer> Pair(M there, M back) {
      this.there = child("there", there);
      this.back = child("back", back);
    }

    /** The generator to the second set, or the critic of the second set. */
    public Layer there() {
      return there;
    }

    /** The generator to the first set, or the critic of the first set. */
    public Layer back() {
      return back;
    }
  }

  public CycleGan(Options options) {
    generators = child("generators", new Pair(new Generator(options), new Generator(options)));
    critics = child("critics", new Pair(new Critic(options), new Critic(options)));
  }

  public Pair generators() {
    return generators;
  }

  public Pair critics() {
    return critics;
  }

  private static Conv2d conv(long in, long out, long size, Convolutions.Options options) {
    return new Conv2d(in, out, size, options, Initializer.he(), Initializer.ZEROS);
  }

  private static final class Generator extends Module implements Layer {
    private static final Reflection EDGE = new Reflection(1);

    private final Conv2d first;
    private final List<Conv2d> down;
    private final List<Conv2d> residual;
    private final List<ConvTranspose2d> up;
    private final Conv2d last;

    Generator(Options options) {
      first = child("first", conv(options.channels(), options.width(), 3, MIRRORED));
      List<Conv2d> downs = new ArrayList<>();
      List<ConvTranspose2d> ups = new ArrayList<>();
      for (int i = 0; i < options.halvings(); i++) {
        long wide = options.width() << i;
        downs.add(conv(wide, 2 * wide, 4, HALVE));
        ups.addFirst(new ConvTranspose2d(2 * wide, wide, 4, HALVE, Initializer.he(), Initializer.ZEROS));
      }
      down = children("down", downs);
      long inner = options.width() << options.halvings();
      List<Conv2d> convolutions = new ArrayList<>();
      for (int i = 0; i < 2 * options.blocks(); i++) {
        convolutions.add(conv(inner, inner, 3, MIRRORED));
      }
      residual = children("residual", convolutions);
      up = children("up", ups);
      last = child(
          "last",
          new Conv2d(
              options.width(), options.channels(), 3, MIRRORED, Initializer.normal(FIRST_CHANGE), Initializer.ZEROS));
    }

    @Override
    public Tensor apply(Tensor x) {
      Tensor h = first.apply(EDGE.apply(x)).relu();
      List<Tensor> before = new ArrayList<>();
      for (Conv2d d : down) {
        before.addFirst(h);
        h = d.apply(h).relu();
      }
      for (int i = 0; i < residual.size(); i += 2) {
        Tensor change = residual.get(i).apply(EDGE.apply(h)).relu();
        h = h.add(residual.get(i + 1).apply(EDGE.apply(change)));
      }
      for (int i = 0; i < up.size(); i++) {
        h = up.get(i).apply(h).relu().add(before.get(i));
      }
      return last.apply(EDGE.apply(h)).add(x);
    }
  }

  private static final class Critic extends Module implements Layer {
    private final List<Conv2d> layers;
    private final Conv2d score;

    Critic(Options options) {
      List<Conv2d> all = new ArrayList<>();
      long in = options.channels();
      long out = options.criticWidth();
      for (int i = 0; i <= options.criticHalvings(); i++) {
        boolean halves = i < options.criticHalvings();
        all.add(conv(in, out, halves ? 4 : 3, halves ? HALVE : SAME));
        in = out;
        out = 2 * out;
      }
      layers = children("layers", all);
      score = child("score", conv(in, 1, 3, SAME));
    }

    @Override
    public Tensor apply(Tensor x) {
      Tensor h = x;
      for (Conv2d layer : layers) {
        h = layer.apply(h).leakyRelu(SLOPE);
      }
      return score.apply(h);
    }
  }
}
