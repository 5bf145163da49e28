package org.lathe.models.zoo.autoencoders;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.lathe.hal.Dims;
import org.lathe.models.data.Column;
import org.lathe.models.data.Dataset;
import org.lathe.models.data.Digits;
import org.lathe.models.nets.Latent;
import org.lathe.models.train.BoundStep;
import org.lathe.models.train.ModelState;
import org.lathe.models.zoo.parts.GivenClasses;
import org.lathe.models.zoo.parts.Pca;
import org.lathe.models.zoo.parts.PictureGrid;
import org.lathe.models.zoo.parts.Plot;

/** What can be seen of a code: reconstructions, samples, ways between digits, ways along the code's axes, and a map. */
final class LatentPictures {
  private static final int COLUMNS = 10;

  /** More points would hide each other. */
  private static final int MAPPED = 1000;

  private LatentPictures() {}

  /** Writes {@code samples}, {@code reconstructions}, {@code interpolations}, {@code traversals} and {@code map}, as PNG. */
  static void write(Path directory, VariationalAutoencoder model, ModelState state, Dataset digits, long seed)
      throws IOException {
    try (BoundStep coding = BoundStep.bind(model.coding(VariationalAutoencoder.SHOWN), state);
        BoundStep generate = BoundStep.bind(model.generating(VariationalAutoencoder.SHOWN), state)) {
      float[] codes = model.code(coding, digits);
      int[] labels = VariationalAutoencoder.labels(digits);
      Codes all = new Codes(codes, labels, codes.length / labels.length);
      int shown = VariationalAutoencoder.SHOWN;
      int[] turn = GivenClasses.read(model.name(), null, GivenClasses.DIGITS, shown);
      Latent latent = model.net().make().get().latent();
      float[] prior = latent.prior(new SplittableRandom(seed), shown);
      grid(directory.resolve("samples.png"), model.decode(generate, prior, turn));
      float[] decoded = model.decode(
          generate, Arrays.copyOf(codes, shown * all.width()), Arrays.copyOf(labels, shown));
      grid(directory.resolve("reconstructions.png"), rows(pixels(digits, shown), decoded));
      Codes between = interpolated(all);
      grid(directory.resolve("interpolations.png"), model.decode(generate, between.values(), between.labels()));
      Codes along = traversed(all, latent);
      grid(directory.resolve("traversals.png"), model.decode(generate, along.values(), along.labels()));
      map(directory.resolve("map.png"), all);
    }
  }

  /**
   * Codes one after the other, and the digits that they are of.
   *
   * @param width of a code
   */
  record Codes(float[] values, int[] labels, int width) {
    float[] at(int i) {
      return Arrays.copyOfRange(values, i * width, (i + 1) * width);
    }
  }

  static void grid(Path file, float[] pixels) throws IOException {
    PictureGrid.write(file, pixels, Digits.SIDE, COLUMNS);
  }

  /** Rows of ten pictures of the first kind, each above the row of those of the second, and so on. */
  static float[] rows(float[]... kinds) {
    int row = COLUMNS * Digits.SIDE * Digits.SIDE;
    int count = kinds[0].length / row;
    float[] all = new float[count * kinds.length * row];
    for (int r = 0; r < count; r++) {
      for (int k = 0; k < kinds.length; k++) {
        System.arraycopy(kinds[k], r * row, all, (r * kinds.length + k) * row, row);
      }
    }
    return all;
  }

  /** The pixels of the first {@code count} digits. */
  static float[] pixels(Dataset digits, int count) {
    return ((Column.Floats) digits.range(0, count).column("image")).data();
  }

  /** Ten ways in a line from each of the first codes to the one after it, of the first one's class. */
  static Codes interpolated(Codes codes) {
    int width = codes.width();
    float[] all = new float[COLUMNS * COLUMNS * width];
    int[] labels = new int[COLUMNS * COLUMNS];
    for (int r = 0; r < COLUMNS; r++) {
      float[] from = codes.at(r);
      float[] to = codes.at(r + 1);
      for (int k = 0; k < COLUMNS; k++) {
        float share = k / (COLUMNS - 1f);
        labels[r * COLUMNS + k] = codes.labels()[r];
        for (int d = 0; d < width; d++) {
          all[(r * COLUMNS + k) * width + d] = (1 - share) * from[d] + share * to[d];
        }
      }
    }
    return new Codes(all, labels, width);
  }

  /** From one digit's code along those ten axes, a row each, on which codes differ most. */
  private static Codes traversed(Codes codes, Latent latent) {
    int width = codes.width();
    double[] spread = spread(codes);
    List<Integer> axes = IntStream.range(0, width)
        .boxed()
        .sorted(Comparator.comparingDouble(d -> -spread[d]))
        .limit(COLUMNS)
        .toList();
    float[] all = new float[axes.size() * COLUMNS * width];
    int[] labels = new int[axes.size() * COLUMNS];
    Arrays.fill(labels, codes.labels()[0]);
    for (int r = 0; r < axes.size(); r++) {
      for (int k = 0; k < COLUMNS; k++) {
        int from = (r * COLUMNS + k) * width;
        System.arraycopy(codes.at(0), 0, all, from, width);
        all[from + axes.get(r)] = (float) (latent.priorMean() + latent.reach() * (2.0 * k / (COLUMNS - 1) - 1));
      }
    }
    return new Codes(all, labels, width);
  }

  /** The variance of each element of the code. */
  private static double[] spread(Codes codes) {
    int count = codes.labels().length;
    double[] sum = new double[codes.width()];
    double[] squares = new double[codes.width()];
    for (int i = 0; i < codes.values().length; i++) {
      sum[i % codes.width()] += codes.values()[i];
      squares[i % codes.width()] += Math.pow(codes.values()[i], 2);
    }
    double[] spread = new double[codes.width()];
    Arrays.setAll(spread, d -> squares[d] / count - Math.pow(sum[d] / count, 2));
    return spread;
  }

  /** The first codes in the plane of their first two principal components, or as they are if they have two elements. */
  static void map(Path file, Codes codes) throws IOException {
    int count = Math.min(MAPPED, codes.labels().length);
    Dataset all = new Dataset(
        "codes", List.of(new Column.Floats("code", Dims.of(codes.width()), codes.values())));
    double[][] axes = codes.width() == 2 ? new double[][]{{1, 0}, {0, 1}} : Pca.fit(all, "code", 2).components();
    Plot plot = new Plot("codes of digits", codes.width() == 2 ? "first" : "first component",
        codes.width() == 2 ? "second" : "second component");
    for (int digit = 0; digit < GivenClasses.DIGITS.size(); digit++) {
      int wanted = digit;
      int[] of = IntStream.range(0, count).filter(i -> codes.labels()[i] == wanted).toArray();
      if (of.length > 0) {
        plot.points(GivenClasses.DIGITS.get(digit), along(codes, of, axes[0]), along(codes, of, axes[1]));
      }
    }
    plot.write(file);
  }

  private static double[] along(Codes codes, int[] of, double[] axis) {
    return Arrays.stream(of)
        .mapToDouble(i -> IntStream.range(0, codes.width()).mapToDouble(d -> axis[d] * codes.at(i)[d]).sum())
        .toArray();
  }
}
