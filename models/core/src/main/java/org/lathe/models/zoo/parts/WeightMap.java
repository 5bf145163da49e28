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

/** A matrix of weights from 0 (white) to 1 (black) with a word at each row and column, as a PNG: an attention map. */
public final class WeightMap {
  private static final int CELL = 34;
  private static final int LABEL = 96;
  private static final int GAP = 6;

  private WeightMap() {}

  /**
   * @param weights row-major, at least {@code rows} x {@code stride}; each row's first {@code columns} are shown
   * @param stride of a row
   */
  public static void write(Path file, List<String> rows, List<String> columns, float[] weights, int stride)
      throws IOException {
    BufferedImage image = new BufferedImage(
        LABEL + columns.size() * CELL + GAP, LABEL + rows.size() * CELL + GAP, BufferedImage.TYPE_INT_RGB);
    Graphics2D g = image.createGraphics();
    g.setRenderingHint(RenderingHints.KEY_ANTIALIASING, RenderingHints.VALUE_ANTIALIAS_ON);
    g.setColor(Color.WHITE);
    g.fillRect(0, 0, image.getWidth(), image.getHeight());
    g.setFont(new Font(Font.SANS_SERIF, Font.PLAIN, 14));
    for (int r = 0; r < rows.size(); r++) {
      for (int c = 0; c < columns.size(); c++) {
        float grey = 1 - Math.clamp(weights[r * stride + c], 0f, 1f);
        g.setColor(new Color(grey, grey, grey));
        g.fillRect(LABEL + c * CELL, LABEL + r * CELL, CELL - 1, CELL - 1);
      }
    }
    g.setColor(Color.BLACK);
    g.drawRect(LABEL - 1, LABEL - 1, columns.size() * CELL, rows.size() * CELL);
    int half = CELL / 2 + g.getFontMetrics().getAscent() / 2 - 1;
    for (int r = 0; r < rows.size(); r++) {
      int width = g.getFontMetrics().stringWidth(rows.get(r));
      g.drawString(rows.get(r), LABEL - GAP - width, LABEL + r * CELL + half);
    }
    g.rotate(-Math.PI / 2);
    for (int c = 0; c < columns.size(); c++) {
      g.drawString(columns.get(c), GAP - LABEL, LABEL + c * CELL + half);
    }
    g.dispose();
    if (!ImageIO.write(image, "png", file.toFile())) {
      throw new IOException(file + ": this Java writes no PNG");
    }
  }
}
