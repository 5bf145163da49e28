package org.lathe.models.zoo.parts;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Path;
import javax.imageio.ImageIO;

/** Grey pictures side by side, as a PNG. */
public final class PictureGrid {
  private static final int GAP = 2;

  private PictureGrid() {}

  /**
   * @param pixels [count, side, side], 0 is black, 1 white
   */
  public static void write(Path file, float[] pixels, int side, int columns) throws IOException {
    int count = pixels.length / (side * side);
    int rows = (count + columns - 1) / columns;
    BufferedImage image = new BufferedImage(columns * (side + GAP) + GAP, rows * (side + GAP) + GAP,
        BufferedImage.TYPE_BYTE_GRAY);
    for (int i = 0; i < count; i++) {
      int left = GAP + i % columns * (side + GAP);
      int top = GAP + i / columns * (side + GAP);
      for (int y = 0; y < side; y++) {
        for (int x = 0; x < side; x++) {
          float v = pixels[(i * side + y) * side + x];
          image.getRaster().setSample(left + x, top + y, 0, Math.round(255 * Math.max(0, Math.min(1, v))));
        }
      }
    }
    if (!ImageIO.write(image, "png", file.toFile())) {
      throw new IOException(file + ": this Java writes no PNG");
    }
  }
}
