package org.lathe.models.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;

class ShapesTest {
  private final long seed = System.nanoTime();

  private static float[] floats(Dataset d, String column) {
    return ((Column.Floats) d.column(column)).data();
  }

  private static int[] ints(Dataset d, String column) {
    return ((Column.Ints) d.column(column)).data();
  }

  @Test
  void picturesDependOnSeedAndIndexAlone() {
    for (Shapes.Style style : Shapes.Style.values()) {
      Shapes.Options options = Shapes.Options.of(17).withStyle(style);
      Dataset few = Shapes.generate(7, options, seed);
      Dataset many = Shapes.generate(23, options, seed);
      for (String c : List.of("image", "box")) {
        assertArrayEquals(floats(few, c), Arrays.copyOf(floats(many, c), floats(few, c).length));
      }
      for (String c : List.of("label", "colour", "caption")) {
        assertArrayEquals(ints(few, c), Arrays.copyOf(ints(many, c), ints(few, c).length));
      }
      for (float p : floats(many, "image")) {
        assertTrue(p >= 0 && p <= 1);
      }
      assertTrue(!Arrays.equals(floats(few, "image"), floats(Shapes.generate(7, options, seed + 1), "image")));
    }
    assertEquals(0, Shapes.generate(0, Shapes.Options.of(32), seed).size());
    assertThrows(IllegalArgumentException.class, () -> Shapes.Options.of(7));
    assertThrows(IllegalArgumentException.class, () -> Shapes.Options.of(32).withTied(Double.NaN));
  }

  @Test
  void figuresAndColoursAreEquallyLikelyUnlessTied() {
    int count = 7_000;
    Dataset any = Shapes.generate(count, Shapes.Options.of(8), seed);
    int[] figures = new int[10];
    int[] pairs = new int[70];
    for (int i = 0; i < count; i++) {
      figures[ints(any, "label")[i]]++;
      pairs[ints(any, "label")[i] * 7 + ints(any, "colour")[i]]++;
    }
    for (int n : figures) {
      assertEquals(count / 10.0, n, 6 * Math.sqrt(count / 10.0));
    }
    for (int n : pairs) {
      assertEquals(count / 70.0, n, 6 * Math.sqrt(count / 70.0));
    }
    Dataset tied = Shapes.generate(count, Shapes.Options.of(8).withTied(0.8), seed);
    int own = 0;
    for (int i = 0; i < count; i++) {
      own += ints(tied, "label")[i] % 7 == ints(tied, "colour")[i] ? 1 : 0;
    }
    assertEquals(0.8 + 0.2 / 7, (double) own / count, 0.03);
  }

  /**
   * Both styles of one seed show the same figures at the same places, so that a translation can be judged; they differ in
   * the ground, and in the stripes within the figures.
   */
  @Test
  void stylesDifferInPaintAlone() {
    int side = 32;
    int count = 60;
    Dataset plain = Shapes.generate(count, Shapes.Options.of(side), seed);
    Dataset striped = Shapes.generate(count, Shapes.Options.of(side).withStyle(Shapes.Style.STRIPED), seed);
    assertArrayEquals(floats(plain, "box"), floats(striped, "box"));
    for (String c : List.of("label", "colour", "caption")) {
      assertArrayEquals(ints(plain, c), ints(striped, c));
    }
    double[] spread = new double[2];
    for (int i = 0; i < count; i++) {
      for (int s = 0; s < 2; s++) {
        float[] pixels = Arrays.copyOfRange(
            floats(s == 0 ? plain : striped, "image"), i * 3 * side * side, (i + 1) * 3 * side * side);
        float[] sorted = pixels.clone();
        Arrays.sort(sorted);
        float ground = sorted[sorted.length / 2];
        assertTrue(s == 0 ? ground > 0.45 : ground < 0.45, "ground " + ground + ", seed " + seed);
        spread[s] += spreadInTheMiddle(pixels, side, Arrays.copyOfRange(floats(plain, "box"), 4 * i, 4 * i + 4));
      }
    }
    assertTrue(spread[1] > 1.3 * spread[0], Arrays.toString(spread) + ", seed " + seed);
  }

  /** A figure made striped differs from the plain one of the same seed at the pale places alone, where it is lighter. */
  @Test
  void stripesLieAtTheSamePlacesOfEveryPicture() {
    int count = 40;
    for (int side : new int[]{32, 64}) {
      float[] plain = floats(Shapes.generate(count, Shapes.Options.of(side), seed), "image");
      Dataset made = Shapes.generate(count, Shapes.Options.of(side).withStyle(Shapes.Style.STRIPED), seed);
      float[] striped = floats(made, "image");
      float[] boxes = floats(made, "box");
      for (int i = 0; i < count; i++) {
        if (ints(made, "label")[i] > Shapes.Figure.SQUARE.ordinal()) {
          continue; // discs and squares fill the inner half of their boxes
        }
        for (int y = inner(boxes, 4 * i + 1, 0.75, side); y < inner(boxes, 4 * i + 1, 0.25, side); y++) {
          for (int x = inner(boxes, 4 * i, 0.75, side); x < inner(boxes, 4 * i, 0.25, side); x++) {
            float most = 0;
            for (int c = 0; c < 3; c++) {
              int p = ((3 * i + c) * side + y) * side + x;
              most = Math.max(most, Math.abs(striped[p] - plain[p]));
              assertTrue(striped[p] >= plain[p] - 1e-6, "seed " + seed);
            }
            assertTrue(Shapes.pale(x, y, side) ? most > 0.2 : most < 1e-6,
                most + " at " + x + ", " + y + ", seed " + seed);
          }
        }
      }
    }
  }

  /** Between the lower and the upper bound of a box, of which the former counts as much as {@code weight} says. */
  private static int inner(float[] boxes, int at, double weight, int side) {
    return (int) ((weight * boxes[at] + (1 - weight) * boxes[at + 2]) * side);
  }

  /** The mean difference of neighbours along a row, in the inner half of a box. */
  private static double spreadInTheMiddle(float[] pixels, int side, float[] box) {
    double sum = 0;
    int pairs = 0;
    int row = Math.round((box[1] + box[3]) / 2 * side);
    int left = Math.round((0.75f * box[0] + 0.25f * box[2]) * side);
    int right = Math.round((0.25f * box[0] + 0.75f * box[2]) * side);
    for (int c = 0; c < 3; c++) {
      for (int x = left; x + 1 < right; x++) {
        int p = (c * side + row) * side + x;
        sum += Math.abs(pixels[p + 1] - pixels[p]);
        pairs++;
      }
    }
    return sum / pairs;
  }

  /** What a caption says is what the other columns say. */
  @Test
  void captionsDescribeTheirPictures() {
    Dataset d = Shapes.generate(500, Shapes.Options.of(32), seed);
    int[] captions = ints(d, "caption");
    float[] boxes = floats(d, "box");
    for (int i = 0; i < d.size(); i++) {
      int[] tokens = Arrays.copyOfRange(captions, i * Shapes.WORDS, (i + 1) * Shapes.WORDS);
      int end = 0;
      while (tokens[end] != Grammar.END) {
        end++;
      }
      for (int t = end + 1; t < tokens.length; t++) {
        assertEquals(Grammar.PAD, tokens[t]);
      }
      List<Integer> words = Arrays.stream(tokens, 0, end).boxed().toList();
      String text = Shapes.vocabulary().text(words);
      String what = Shapes.Colour.values()[ints(d, "colour")[i]].word() + " "
          + Shapes.classes().get(ints(d, "label")[i]);
      assertTrue(text.matches("a (small|large) " + what + " (in the centre|at the( top| bottom)?( left| right)?)"),
          text);
      double left = boxes[4 * i];
      double top = boxes[4 * i + 1];
      double right = boxes[4 * i + 2];
      double bottom = boxes[4 * i + 3];
      assertTrue(0 <= left && left < right && right <= 1 && 0 <= top && top < bottom && bottom <= 1, text);
      double x = (left + right) / 2;
      double y = (top + bottom) / 2;
      assertTrue(!text.contains("left") || x < 0.5, text);
      assertTrue(!text.contains("right") || x > 0.5, text);
      assertTrue(!text.contains("top") || y < 0.5, text);
      assertTrue(!text.contains("bottom") || y > 0.5, text);
    }
  }

  /** Areas in closed form, and nothing outside of the bounds. */
  @Test
  void outlinesCoverTheirAreas() {
    RandomGenerator random = new SplittableRandom(seed);
    double lens = lens(1, 0.8, 0.45);
    double star = 10 * 0.5 * 0.42 * Math.sin(Math.PI / 5);
    Outline[] outlines = {Outline.disc(), Outline.ring(), Outline.crescent(), Outline.star(), Outline.frame()};
    double[] areas = {
        Math.PI, Math.PI * (1 - 0.55 * 0.55), Math.PI - lens, star, 4 * (0.85 * 0.85 - 0.48 * 0.48)};
    int side = 67;
    for (int k = 0; k < outlines.length; k++) {
      double width = 12 + 8 * random.nextDouble();
      double height = 12 + 8 * random.nextDouble();
      Outline placed = outlines[k].placed(
          width, height, 7 * random.nextDouble(), 30 + 4 * random.nextDouble(), 30 + 4 * random.nextDouble());
      float[] covered = placed.coverage(side);
      double[] box = placed.bounds();
      double sum = 0;
      for (int p = 0; p < covered.length; p++) {
        sum += covered[p];
        int x = p % side;
        int y = p / side;
        boolean outside = x + 1 < box[0] || x > box[2] || y + 1 < box[1] || y > box[3];
        assertTrue(covered[p] >= 0 && covered[p] < 1 + 1e-5 && !(outside && covered[p] != 0));
      }
      assertEquals(areas[k] * width * height, sum, 0.02 * sum, "outline " + k + ", seed " + seed);
    }
  }

  /** What two discs have in common, their centres being {@code d} apart. */
  private static double lens(double a, double b, double d) {
    double first = Math.acos((d * d + a * a - b * b) / (2 * d * a));
    double second = Math.acos((d * d + b * b - a * a) / (2 * d * b));
    double kite = 0.5 * Math.sqrt((-d + a + b) * (d + a - b) * (d - a + b) * (d + a + b));
    return a * a * first + b * b * second - kite;
  }
}
