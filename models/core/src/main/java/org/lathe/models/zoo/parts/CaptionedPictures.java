package org.lathe.models.zoo.parts;

import java.awt.Color;
import java.awt.Font;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import javax.imageio.ImageIO;

/** Colour pictures one below the other, or several side by side, with lines of text beside them, as a PNG. */
public final class CaptionedPictures {
  private static final int ZOOM = 2;
  private static final int GAP = 4;
  private static final int TEXT = 420;
  private static final int LINE = 18;

  private CaptionedPictures() {}

  /**
   * @param pixels [count, 3, side, side] (red, green, blue) in 0..1
   * @param lines of each picture; the first is set off from the others
   */
  public static void write(Path file, float[] pixels, int side, List<List<String>> lines) throws IOException {
    write(file, List.of(pixels), side, lines);
  }

  /**
   * @param columns pictures to be side by side: [count, 3, side, side] each, as above
   * @param lines beside each row of pictures; the first is set off from the others
   */
  public static void write(Path file, List<float[]> columns, int side, List<List<String>> lines) throws IOException {
    int cell = ZOOM * side;
    int right = columns.size() * (cell + GAP);
    BufferedImage image = new BufferedImage(
        right + TEXT + GAP, lines.size() * (cell + GAP) + GAP, BufferedImage.TYPE_INT_RGB);
    Graphics2D g = image.createGraphics();
    g.setRenderingHint(RenderingHints.KEY_TEXT_ANTIALIASING, RenderingHints.VALUE_TEXT_ANTIALIAS_ON);
    g.setColor(Color.WHITE);
    g.fillRect(0, 0, image.getWidth(), image.getHeight());
    for (int i = 0; i < lines.size(); i++) {
      int top = GAP + i * (cell + GAP);
      for (int k = 0; k < columns.size(); k++) {
        draw(image, GAP + k * (cell + GAP), top, columns.get(k), i, side);
      }
      for (int l = 0; l < lines.get(i).size(); l++) {
        g.setColor(l == 0 ? Color.BLACK : Color.GRAY);
        g.setFont(new Font(Font.SANS_SERIF, l == 0 ? Font.BOLD : Font.PLAIN, 13));
        g.drawString(lines.get(i).get(l), right + 2 * GAP, top + (l + 1) * LINE);
      }
    }
    g.dispose();
    if (!ImageIO.write(image, "png", file.toFile())) {
      throw new IOException(file + ": this Java writes no PNG");
    }
  }

  private static void draw(BufferedImage image, int left, int top, float[] pixels, int index, int side) {
    int size = side * side;
    for (int y = 0; y < ZOOM * side; y++) {
      for (int x = 0; x < ZOOM * side; x++) {
        int at = index * 3 * size + y / ZOOM * side + x / ZOOM;
        image.setRGB(
            left + x, top + y, level(pixels[at]) << 16 | level(pixels[at + size]) << 8 | level(pixels[at + 2 * size]));
      }
    }
  }

  private static int level(float value) {
    return Math.round(255 * Math.clamp(value, 0, 1));
  }
}
