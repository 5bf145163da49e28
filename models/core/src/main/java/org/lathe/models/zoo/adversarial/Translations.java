package org.lathe.models.zoo.adversarial;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.lathe.hal.Dims;
import org.lathe.models.data.Column;
import org.lathe.models.data.Dataset;
import org.lathe.models.data.Shapes;
import org.lathe.models.train.Batches;
import org.lathe.models.train.BoundStep;
import org.lathe.models.zoo.parts.PictureGrid;
import org.lathe.models.zoo.parts.PictureJudge;

/**
 * Plain shapes as striped ones and striped shapes as plain ones, [count, 3, 32, 32] in 0..1.
 *
 * @param from what was translated
 * @param striped what became of the plain pictures
 * @param plain what became of the striped ones
 * @param cycleError the mean absolute error of all pictures that went there and back
 */
record Translations(Pictures from, float[] striped, float[] plain, double cycleError) {
  /** The sides of the pictures. */
  static final int SIDE = 32;

  /** The inputs of the steps, and what they report. */
  static final String PLAIN = "plain";

  static final String STRIPED = "striped";
  static final String PLAIN_ERROR = "plain_error";
  static final String STRIPED_ERROR = "striped_error";

  private static final int SIZE = 3 * SIDE * SIDE;

  /**
   * As many pictures of either style, which have nothing to do with each other.
   *
   * @param plain as of {@link Shapes}
   * @param striped likewise
   */
  record Pictures(Dataset plain, Dataset striped) {
    static Pictures of(int count, long seed) {
      Shapes.Options options = Shapes.Options.of(SIDE);
      return new Pictures(
          Shapes.generate(count, options, seed),
          Shapes.generate(count, options.withStyle(Shapes.Style.STRIPED), ~seed));
    }

    int size() {
      return plain.size();
    }

    /** What a step is given: columns {@value Translations#PLAIN} and {@value Translations#STRIPED} alone. */
    Dataset unpaired() {
      return new Dataset("unpaired " + plain.name(), List.of(named(PLAIN, plain), named(STRIPED, striped)));
    }

    private static Column named(String name, Dataset pictures) {
      return new Column.Floats(name, Dims.of(3, SIDE, SIDE), pixels(pictures));
    }
  }

  private static float[] pixels(Dataset pictures) {
    return ((Column.Floats) pictures.column("image")).data();
  }

  private static int[] labels(Dataset pictures) {
    return ((Column.Ints) pictures.column("label")).data();
  }

  /** Runs {@code step}, whose batches may be larger than there are pictures left. */
  static Translations of(BoundStep step, Pictures pictures) {
    int count = pictures.size();
    float[] striped = new float[count * SIZE];
    float[] plain = new float[count * SIZE];
    double error = 0;
    Batches batches = new Batches(pictures.unpaired(), step, 0);
    for (int first = 0; first < count; first += batches.batchSize()) {
      int valid = batches.fillInOrder(first);
      step.run();
      System.arraycopy(step.report(STRIPED).toFloats(), 0, striped, first * SIZE, valid * SIZE);
      System.arraycopy(step.report(PLAIN).toFloats(), 0, plain, first * SIZE, valid * SIZE);
      for (int i = 0; i < valid; i++) {
        error += step.report(PLAIN_ERROR).get(i) + step.report(STRIPED_ERROR).get(i);
      }
    }
    return new Translations(pictures, striped, plain, error / (2 * count));
  }

  /**
   * How translations look to a judge of figures and styles.
   *
   * @param styled the share that has the other style
   * @param kept the share that shows the figure of the picture it came of
   */
  record Verdict(double styled, double kept) {}

  Verdict judged(PictureJudge judge) {
    Map<String, int[]> ofStriped = judge.judge(striped);
    Map<String, int[]> ofPlain = judge.judge(plain);
    return new Verdict(
        (share(ofStriped, Shapes.Style.STRIPED) + share(ofPlain, Shapes.Style.PLAIN)) / 2,
        (PictureJudge.agreement(ofStriped.getOrDefault("label", new int[0]), labels(from.plain()))
            + PictureJudge.agreement(ofPlain.getOrDefault("label", new int[0]), labels(from.striped())))
            / 2);
  }

  private static double share(Map<String, int[]> answers, Shapes.Style style) {
    return Arrays.stream(answers.getOrDefault("style", new int[0])).mapToDouble(s -> s == style.ordinal() ? 1 : 0)
        .average().orElseThrow();
  }

  /**
   * How strong the stripes are in the figures of {@code pixels}: by how much the pixels that are pale in figures of the striped
   * style are lighter than the others, in the inner half of the boxes, mean over the pictures.
   *
   * @param shapes whose boxes they have
   */
  static double stripes(float[] pixels, Dataset shapes) {
    float[] boxes = ((Column.Floats) shapes.column("box")).data();
    double sum = 0;
    for (int i = 0; i < shapes.size(); i++) {
      double quarterX = (boxes[4 * i + 2] - boxes[4 * i]) * SIDE / 4;
      double quarterY = (boxes[4 * i + 3] - boxes[4 * i + 1]) * SIDE / 4;
      int right = (int) (boxes[4 * i + 2] * SIDE - quarterX);
      int bottom = (int) (boxes[4 * i + 3] * SIDE - quarterY);
      double[] light = new double[2];
      int[] count = new int[2];
      for (int y = (int) (boxes[4 * i + 1] * SIDE + quarterY); y < bottom; y++) {
        for (int x = (int) (boxes[4 * i] * SIDE + quarterX); x < right; x++) {
          int pale = Shapes.pale(x, y, SIDE) ? 1 : 0;
          for (int c = 0; c < 3; c++) {
            light[pale] += pixels[((i * 3 + c) * SIDE + y) * SIDE + x];
            count[pale]++;
          }
        }
      }
      sum += light[1] / count[1] - light[0] / count[0];
    }
    return sum / shapes.size();
  }

  /**
   * How far figures go from the stripes of their own style to those of the other, in the direction in which they go less far: 0
   * not at all, 1 as far as real ones are. A judge of styles can tell them by the ground alone.
   */
  double restriped() {
    double none = stripes(pixels(from.plain()), from.plain());
    double all = stripes(pixels(from.striped()), from.striped());
    return Math.min(stripes(striped, from.plain()) - none, all - stripes(plain, from.striped())) / (all - none);
  }

  /** A row of plain pictures, one of what they became, one of striped pictures, and one of what these became. */
  void write(Path file, int count) throws IOException {
    float[] all = new float[4 * count * SIZE];
    float[][] rows = {pixels(from.plain()), striped, pixels(from.striped()), plain};
    for (int r = 0; r < rows.length; r++) {
      System.arraycopy(rows[r], 0, all, r * count * SIZE, count * SIZE);
    }
    PictureGrid.writeColour(file, all, SIDE, count, PictureGrid.Overlay.NONE);
  }
}
