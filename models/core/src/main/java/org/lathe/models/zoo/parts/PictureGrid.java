package org.lathe.models.zoo.parts;

import java.awt.BasicStroke;
import java.awt.Graphics2D;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import javax.imageio.ImageIO;
import org.lathe.hal.Dims;
import org.lathe.models.nn.Module;
import org.lathe.models.nn.Parameter;
import org.lathe.models.train.ModelState;

/** Pictures side by side, as a PNG. Small ones are enlarged so that a pixel can be seen. */
public final class PictureGrid {
  private static final int GAP = 2;
  private static final int SMALLEST = 28;
  private static final int SMALLEST_COLOUR = 64;

  private PictureGrid() {}

  /** Draws over a picture of a grid. */
  @FunctionalInterface
  public interface Overlay {
    /** Nothing. */
    Overlay NONE = (g, index, cell) -> {};

    /**
     * @param g its origin is the picture's upper left corner
     * @param cell the picture's width and height in the PNG's pixels
     */
    void draw(Graphics2D g, int index, int cell);
  }

  /**
   * Grey pictures.
   *
   * @param pixels [count, side, side], 0 is black, 1 white
   */
  public static void write(Path file, float[] pixels, int side, int columns) throws IOException {
    int zoom = zoom(SMALLEST, side);
    save(file, draw(BufferedImage.TYPE_BYTE_GRAY, pixels, 1, side, zoom, columns, Overlay.NONE));
  }

  /**
   * Colour pictures, each with something drawn over it.
   *
   * @param pixels [count, 3, side, side] (red, green, blue) in 0..1
   */
  public static void writeColour(Path file, float[] pixels, int side, int columns, Overlay overlay)
      throws IOException {
    int zoom = zoom(SMALLEST_COLOUR, side);
    save(file, draw(BufferedImage.TYPE_INT_RGB, pixels, 3, side, zoom, columns, overlay));
  }

  /**
   * Pictures of one or three channels, each with something drawn over it.
   *
   * @param pixels [count, channels, side, side] in 0..1
   */
  public static void write(Path file, float[] pixels, int channels, int side, int columns, Overlay overlay)
      throws IOException {
    float[] coloured = pixels;
    if (channels == 1) {
      int size = side * side;
      coloured = new float[3 * pixels.length];
      for (int p = 0; p < pixels.length; p++) {
        for (int c = 0; c < 3; c++) {
          coloured[(p / size * 3 + c) * size + p % size] = pixels[p];
        }
      }
    }
    writeColour(file, coloured, side, columns, overlay);
  }

  private static int zoom(int smallest, int side) {
    return Math.max(1, (smallest + side - 1) / side);
  }

  private static BufferedImage draw(
      int type, float[] pixels, int channels, int side, int zoom, int columns, Overlay overlay) {
    int count = pixels.length / (channels * side * side);
    int rows = (count + columns - 1) / columns;
    int cell = zoom * side;
    BufferedImage image = new BufferedImage(columns * (cell + GAP) + GAP, rows * (cell + GAP) + GAP, type);
    for (int i = 0; i < count; i++) {
      int left = GAP + i % columns * (cell + GAP);
      int top = GAP + i / columns * (cell + GAP);
      for (int y = 0; y < cell; y++) {
        for (int x = 0; x < cell; x++) {
          for (int c = 0; c < channels; c++) {
            float v = pixels[((i * channels + c) * side + y / zoom) * side + x / zoom];
            image.getRaster().setSample(left + x, top + y, c, Math.round(255 * Math.max(0, Math.min(1, v))));
          }
        }
      }
      Graphics2D g = image.createGraphics();
      g.translate(left, top);
      g.setStroke(new BasicStroke(2));
      overlay.draw(g, i, cell);
      g.dispose();
    }
    return image;
  }

  private static void save(Path file, BufferedImage image) throws IOException {
    if (!ImageIO.write(image, "png", file.toFile())) {
      throw new IOException(file + ": this Java writes no PNG");
    }
  }

  /**
   * Weights as pictures: each is scaled on its own so that 0 is mid grey and its largest magnitude black or white.
   *
   * @param weights [count, side, side]
   */
  public static void writeSigned(Path file, float[] weights, int side, int columns) throws IOException {
    write(file, signed(weights, side * side), side, columns);
  }

  /** Each {@code size} values, scaled on their own from their largest magnitude to 0..1. */
  private static float[] signed(float[] weights, int size) {
    float[] pixels = new float[weights.length];
    for (int from = 0; from + size <= weights.length; from += size) {
      float largest = 0;
      for (int k = 0; k < size; k++) {
        largest = Math.max(largest, Math.abs(weights[from + k]));
      }
      for (int k = 0; k < size; k++) {
        pixels[from + k] = largest == 0 ? 0.5f : 0.5f + 0.5f * weights[from + k] / largest;
      }
    }
    return pixels;
  }

  /**
   * The filters of a model's first convolution that sees grey or colour pictures, scaled as by {@link #writeSigned}. Writes
   * nothing if it has none.
   */
  public static void writeFilters(Path file, Module model, ModelState state) throws IOException {
    Optional<Map.Entry<String, Parameter>> first = model.parameters().entrySet().stream()
        .filter(e -> isFirstConvolution(e.getValue().type().shape()))
        .findFirst();
    if (first.isEmpty()) {
      return;
    }
    Dims shape = first.get().getValue().type().shape();
    int channels = (int) shape.get(1);
    int side = (int) shape.get(2);
    float[] pixels = signed(state.array(first.get().getKey()).toFloats(), channels * side * side);
    int columns = (int) Math.ceil(Math.sqrt(shape.get(0)));
    write(file, pixels, channels, side, columns, Overlay.NONE);
  }

  private static boolean isFirstConvolution(Dims shape) {
    return shape.rank() == 4 && (shape.get(1) == 1 || shape.get(1) == 3) && shape.get(2) > 1;
  }

  /** The transpose of a [rows, columns] matrix: filters that are columns of a weight, as rows. */
  public static float[] transposed(float[] matrix, int rows, int columns) {
    float[] out = new float[matrix.length];
    for (int r = 0; r < rows; r++) {
      for (int c = 0; c < columns; c++) {
        out[c * rows + r] = matrix[r * columns + c];
      }
    }
    return out;
  }
}
