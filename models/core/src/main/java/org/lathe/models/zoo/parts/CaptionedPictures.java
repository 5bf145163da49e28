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

/** Colour pictures one below the other with lines of text beside each, as a PNG. */
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
    int cell = ZOOM * side;
    BufferedImage image = new BufferedImage(
        cell + TEXT + 2 * GAP, lines.size() * (cell + GAP) + GAP, BufferedImage.TYPE_INT_RGB);
    Graphics2D g = image.createGraphics();
    g.setRenderingHint(RenderingHints.KEY_TEXT_ANTIALIASING, RenderingHints.VALUE_TEXT_ANTIALIAS_ON);
    g.setColor(Color.WHITE);
    g.fillRect(0, 0, image.getWidth(), image.getHeight());
    for (int i = 0; i < lines.size(); i++) {
      int top = GAP + i * (cell + GAP);
      for (int y = 0; y < cell; y++) {
        for (int x = 0; x < cell; x++) {
          int at = i * 3 * side * side + y / ZOOM * side + x / ZOOM;
          image.setRGB(
              GAP + x, top + y,
              level(pixels[at]) << 16 | level(pixels[at + side * side]) << 8 | level(pixels[at + 2 * side * side]));
        }
      }
      for (int l = 0; l < lines.get(i).size(); l++) {
        g.setColor(l == 0 ? Color.BLACK : Color.GRAY);
        g.setFont(new Font(Font.SANS_SERIF, l == 0 ? Font.BOLD : Font.PLAIN, 13));
        g.drawString(lines.get(i).get(l), 3 * GAP + cell, top + (l + 1) * LINE);
      }
    }
    g.dispose();
    if (!ImageIO.write(image, "png", file.toFile())) {
      throw new IOException(file + ": this Java writes no PNG");
    }
  }

  private static int level(float value) {
    return Math.round(255 * Math.clamp(value, 0, 1));
  }
}
