package org.lathe.backends.cpu;

import org.lathe.hal.DType;
import org.lathe.hal.spec.Convolution;

/**
 * Chooses between the forms of a convolution: Winograd's products where filters of 3x3 move by single steps, pixels in the
 * rows of a product where lines are short, or pixels in its columns. The estimates are times measured of one thread of a
 * processor with vectors of 16 elements; what counts is their ratio, which hardly depends on the processor. The choice
 * follows from the shape alone, so that results are the same on every run.
 */
final class ConvolutionForms {
  /**
   * {@code direct} (pixels in columns), {@code pixels} (in rows) or {@code winograd} takes that form wherever it exists;
   * without it the fastest one is taken.
   */
  static final String PROPERTY = "lathe.cpu.convolution";

  private static final String FORCED = System.getProperty(PROPERTY, "");

  /** Nanoseconds of a plain sum for each vector of multiply-adds. */
  private static final double PLAIN = 0.4;

  /** Nanoseconds of the products at Winograd's points for each vector of multiply-adds. */
  private static final double PRODUCT = 0.3;

  /** Nanoseconds to copy and transform a window, for each vector of channels. */
  private static final double WINDOW = 255;

  /** Nanoseconds to transform and copy a tile of results, for each vector of filters. */
  private static final double TILE = 200;

  /** Nanoseconds to transform the filters of one channel, for each vector of them. */
  private static final double FILTER = 155;

  /** What the other form must gain at least, for what the estimate leaves out. */
  private static final double MARGIN = 0.8;

  private static final long LEAST_OPERATIONS = 1_000_000;

  private ConvolutionForms() {}

  static Kernel of(Convolution spec, boolean vector) {
    boolean winograd = WinogradKernel.can(spec)
        && (FORCED.equals("winograd") || FORCED.isEmpty() && vector && pays(spec));
    if (spec.form() == Convolution.Form.FILTER_GRADIENT) {
      return winograd ? WinogradGradientKernel.of(spec, vector) : FilterGradientKernel.of(spec, vector);
    }
    if (winograd) {
      return WinogradKernel.of(spec, vector);
    }
    boolean pixels = FORCED.equals("pixels") || !FORCED.equals("direct") && vector && PixelRowsKernel.pays(spec);
    return pixels ? PixelRowsKernel.of(spec, vector) : ConvolutionKernel.of(spec, vector);
  }

  private static boolean pays(Convolution spec) {
    Convolution.Geometry g = spec.geometry();
    boolean turned = spec.form() == Convolution.Form.DATA_GRADIENT;
    double channels = turned ? g.filters() : g.channels();
    double filters = turned ? g.channels() : g.filters();
    double height = turned ? g.height() : g.outHeight();
    double width = turned ? g.width() : g.outWidth();
    int lanes = MicroKernels.lanes(DType.F32, true);
    double tiles = g.batch() * Math.ceil(height / TileTransforms.TILE) * Math.ceil(width / TileTransforms.TILE);
    double channelVectors = Math.ceil(channels / lanes);
    double filterVectors = Math.ceil(filters / lanes);
    double plain = PLAIN * TileTransforms.TAPS * channels * filters / lanes * g.batch() * height * width;
    double winograd = PRODUCT * TileTransforms.POINTS * Math.max(8, tiles) * channels * filterVectors
        + WINDOW * tiles * channelVectors
        + TILE * tiles * filterVectors
        + FILTER * channels * filterVectors;
    return spec.operations() >= LEAST_OPERATIONS && winograd < MARGIN * plain;
  }
}
