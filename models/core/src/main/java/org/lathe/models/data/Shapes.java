package org.lathe.models.data;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.lathe.hal.Dims;

/**
 * Colour pictures of one figure on a shaded ground, made from a seed: ten figures in seven colours, small or large, at one
 * of nine places, turned, stretched, unevenly lit and noisy; each with its bounding box and a caption of one sentence.
 *
 * <p>Columns: {@code image} f32 [3, side, side] (red, green, blue) in 0..1; {@code label} i32, the figure; {@code colour} i32;
 * {@code style} i32, the same for all; {@code box} f32 [4]: left, top, right and bottom in 0..1 of the picture's side;
 * {@code caption} i32 [{@value #WORDS}], the sentence, {@link Grammar#END} and {@link Grammar#PAD}s.
 *
 * <p>Example i depends on the seed, the options and i alone, so a larger set begins with the smaller one. Sizes and places
 * leave gaps between what their words mean, so that a caption can be read off its picture without doubt.
 */
public final class Shapes {
  /** The length of a caption with its end: "a small red star at the top left", and the end. */
  public static final int WORDS = 9;

  private static final double STRAIGHT = 0.35;

  /** The figures; their ordinals are the labels. */
  public enum Figure {
    CIRCLE(Outline.disc()), SQUARE(Outline.of(Outline.square(0.85))), TRIANGLE(
        Outline.of(0, -1, 0.95, 0.8, -0.95, 0.8)), STAR(Outline.star()), CROSS(Outline.of(
            -.3, -1, .3, -1, .3, -.3, 1, -.3, 1, .3, .3, .3, .3, 1, -.3, 1, -.3, .3, -1, .3, -1, -.3, -.3, -.3)), RING(
                Outline.ring()), HEART(Outline.heart()), CRESCENT(Outline.crescent()), ARROW(
                    Outline.of(0, -1, .85, -.1, .3, -.1, .3, 1, -.3, 1, -.3, -.1, -.85, -.1)), FRAME(Outline.frame());

    private final Outline outline;

    Figure(Outline outline) {
      this.outline = outline;
    }

    /** In captions and tables. */
    public String word() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /** The colours; their ordinals are the values of column {@code colour}. */
  public enum Colour {
    RED(.9, .1, .1), ORANGE(1, .55, .05), YELLOW(.95, .9, .1), GREEN(.1, .65, .15), CYAN(.1, .8, .85), BLUE(.1, .2,
        .9), PURPLE(.6, .1, .75);

    private final double[] rgb;

    Colour(double... rgb) {
      this.rgb = rgb;
    }

    /** In captions and tables. */
    public String word() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /** How figures are painted, for translation between unpaired sets; ordinals are the values of column {@code style}. */
  public enum Style {
    /** Evenly, on a light ground. */
    PLAIN,
    /**
     * On a dark ground, in slanting stripes of the figure's colour and of a paler one, which lie at the same places of every
     * picture ({@link #pale}): a striped picture follows from its plain one, but for the shades of ground and pale stripes.
     */
    STRIPED
  }

  /**
   * What is painted.
   *
   * @param side width and height in pixels, at least 8
   * @param tied the probability with which a figure has the colour of its own, {@code label mod 7}, instead of any: a
   *     confounder of the figure
   */
  public record Options(int side, Style style, double tied) {
    public Options {
      if (side < 8) {
        throw new IllegalArgumentException("pictures of shapes are at least 8 pixels wide, not " + side);
      }
      if (!(tied >= 0 && tied <= 1)) {
        throw new IllegalArgumentException("the probability of a figure's own colour is in [0, 1], not " + tied);
      }
    }

    /** In plain style, with any colours. */
    public static Options of(int side) {
      return new Options(side, Style.PLAIN, 0);
    }

    public Options withStyle(Style other) {
      return new Options(side, other, tied);
    }

    public Options withTied(double probability) {
      return new Options(side, style, probability);
    }
  }

  private static final List<String> ROWS = List.of("top", "", "bottom");
  private static final List<String> COLUMNS = List.of("left", "", "right");
  private static final Vocabulary VOCABULARY = new Vocabulary(
      Stream.of(
          Stream.of("<pad>", "<s>", "</s>", "a", "small", "large"),
          Arrays.stream(Colour.values()).map(Colour::word),
          Arrays.stream(Figure.values()).map(Figure::word),
          Stream.of("at", "in", "the", "top", "bottom", "left", "right", "centre"))
          .flatMap(s -> s).toList());

  private Shapes() {}

  /** The figures' names in the order of their labels. */
  public static List<String> classes() {
    return Arrays.stream(Figure.values()).map(Figure::word).toList();
  }

  /** The words of captions; padding, begin and end are those of {@link Grammar}. */
  public static Vocabulary vocabulary() {
    return VOCABULARY;
  }

  /** The first {@code count} pictures of the sequence that {@code seed} names. */
  public static Dataset generate(int count, Options options, long seed) {
    int side = options.side();
    float[] pixels = new float[Math.multiplyExact(count, 3 * side * side)];
    int[] labels = new int[count];
    int[] colours = new int[count];
    int[] styles = new int[count];
    Arrays.fill(styles, options.style().ordinal());
    float[] boxes = new float[4 * count];
    int[] captions = new int[WORDS * count];
    IntStream.range(0, count)
        .parallel()
        .forEach(
            i -> {
              RandomGenerator random = new SplittableRandom(seed * 0x9E3779B97F4A7C15L + i);
              Picture picture = new Picture(options, random);
              labels[i] = picture.figure.ordinal();
              colours[i] = picture.colour.ordinal();
              picture.caption(captions, i * WORDS);
              picture.box(boxes, i * 4);
              picture.paint(pixels, i * 3 * side * side, random);
            });
    return new Dataset(
        "shapes of " + side + " x " + side + " (seed " + seed + ")",
        List.of(
            new Column.Floats("image", Dims.of(3, side, side), pixels),
            new Column.Ints("label", Dims.of(), labels),
            new Column.Ints("colour", Dims.of(), colours),
            new Column.Ints("style", Dims.of(), styles),
            new Column.Floats("box", Dims.of(4), boxes),
            new Column.Ints("caption", Dims.of(WORDS), captions)));
  }

  /**
   * Whether figures of style {@link Style#STRIPED} are pale at a pixel of a picture that is {@code side} wide, at least 16.
   * Coloured and pale stripes are equally wide; a pair of them takes an eighth of a row, and of a column.
   */
  public static boolean pale(int x, int y, int side) {
    return 16 * (x + y) / side % 2 == 1;
  }

  private static double uniform(RandomGenerator random, double low, double high) {
    return low + (high - low) * random.nextDouble();
  }

  private static final class Picture {
    private final Options options;
    private final Figure figure;
    private final Colour colour;
    private final boolean large;
    private final int row;
    private final int column;
    private final Outline outline;

    Picture(Options options, RandomGenerator random) {
      this.options = options;
      figure = Figure.values()[random.nextInt(Figure.values().length)];
      boolean own = random.nextDouble() < options.tied();
      int any = random.nextInt(Colour.values().length);
      colour = Colour.values()[own ? figure.ordinal() % Colour.values().length : any];
      large = random.nextBoolean();
      row = random.nextInt(3);
      column = random.nextInt(3);
      double side = options.side();
      double radius = side * (large ? uniform(random, 0.26, 0.32) : uniform(random, 0.17, 0.21));
      double step = side * (large ? 0.14 : 0.21);
      double jitter = side * (large ? 0.035 : 0.06);
      double stretch = uniform(random, 0.88, 1.13);
      outline = figure.outline.placed(
          radius * stretch,
          radius / stretch,
          uniform(random, -STRAIGHT, STRAIGHT),
          side / 2 + (column - 1) * step + uniform(random, -jitter, jitter),
          side / 2 + (row - 1) * step + uniform(random, -jitter, jitter));
    }

    void box(float[] boxes, int at) {
      double[] bounds = outline.bounds();
      for (int k = 0; k < 4; k++) {
        boxes[at + k] = (float) Math.clamp(bounds[k] / options.side(), 0.0, 1.0);
      }
    }

    void caption(int[] tokens, int at) {
      String place = row == 1 && column == 1
          ? "in the centre"
          : "at the " + ROWS.get(row) + " " + COLUMNS.get(column);
      String text = "a " + (large ? "large" : "small") + " " + colour.word() + " " + figure.word() + " " + place;
      int end = at;
      for (String word : text.strip().split(" +")) {
        tokens[end++] = VOCABULARY.token(word);
      }
      tokens[end] = Grammar.END;
    }

    void paint(float[] pixels, int at, RandomGenerator random) {
      int side = options.side();
      boolean striped = options.style() == Style.STRIPED;
      float[] inside = outline.coverage(side);
      double grey = striped ? uniform(random, 0.05, 0.25) : uniform(random, 0.55, 0.9);
      double value = uniform(random, 0.75, 1);
      double direction = uniform(random, 0, 2 * Math.PI);
      double shade = uniform(random, 0, 0.16) / side;
      double dx = shade * Math.cos(direction);
      double dy = shade * Math.sin(direction);
      double[] pale = {uniform(random, 0.5, 0.65), uniform(random, 0.5, 0.65), uniform(random, 0.5, 0.65)};
      double noise = uniform(random, 0, 0.05);
      for (int c = 0; c < 3; c++) {
        double ground = grey + uniform(random, -0.1, 0.1);
        double ink = Math.clamp(value * colour.rgb[c] + uniform(random, -0.06, 0.06), 0.0, 1.0);
        for (int y = 0; y < side; y++) {
          for (int x = 0; x < side; x++) {
            int p = y * side + x;
            double light = dx * (x - side / 2.0) + dy * (y - side / 2.0);
            double paint = striped && pale(x, y, side) ? ink + pale[c] * (1 - ink) : ink;
            double mixed = ground + inside[p] * (paint - ground) + light + noise * random.nextGaussian();
            pixels[at + c * side * side + p] = (float) Math.clamp(mixed, 0.0, 1.0);
          }
        }
      }
    }
  }
}
