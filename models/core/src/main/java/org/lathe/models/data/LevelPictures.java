package org.lathe.models.data;

import java.util.List;
import org.lathe.hal.Dims;

/**
 * Grey pictures shrunk to half their side and cut into a few levels: what models of discrete pixels learn. Each pixel is the
 * mean of a square of four, cut into {@code levels} equal parts of 0..1.
 *
 * <p>Columns: {@code level} i32 [side, side] in 0 to levels - 1, ink is high; {@code label} i32 scalar, as it was.
 */
public final class LevelPictures {
  private LevelPictures() {}

  /**
   * @param pictures columns {@code image} f32 [1, 2 side, 2 side] in 0..1, and {@code label}
   * @param levels at least 2
   */
  public static Dataset of(Dataset pictures, int levels) {
    Column.Floats image = (Column.Floats) pictures.column("image");
    int from = Math.toIntExact(image.shape().last(0));
    if (levels < 2 || image.shape().rank() != 3 || !image.shape().equals(Dims.of(1, from, from)) || from % 2 != 0) {
      throw new IllegalArgumentException(
          "pictures of " + image.shape() + " in " + levels
              + " levels: expected [1, side, side] with an even side, and at least 2 levels");
    }
    int side = from / 2;
    int[] level = new int[image.size() * side * side];
    for (int p = 0; p < level.length; p++) {
      int row = p / side;
      int corner = 2 * row * from + 2 * (p % side);
      float sum = image.data()[corner] + image.data()[corner + 1] + image.data()[corner + from]
          + image.data()[corner + from + 1];
      level[p] = Math.clamp((int) (levels * sum / 4), 0, levels - 1);
    }
    return new Dataset(
        pictures.name() + ", " + side + " x " + side + " pixels of " + levels + " levels",
        List.of(new Column.Ints("level", Dims.of(side, side), level), pictures.column("label")));
  }

  /**
   * Levels as grey values, each pixel as a square of four: [count, 2 side, 2 side] in 0..1.
   *
   * @param level [count, side, side]
   */
  public static float[] grey(int[] level, int side, int levels) {
    float[] grey = new float[4 * level.length];
    for (int p = 0; p < grey.length; p++) {
      int row = p / (2 * side);
      grey[p] = level[row / 2 * side + p % (2 * side) / 2] / (levels - 1f);
    }
    return grey;
  }
}
