package org.lathe.backends.cpu;

import org.lathe.hal.Dims;
import org.lathe.hal.spec.View;

/**
 * How the result of a correlation with 3x3 filters and step 1 is cut into tiles of 4x4, and these into chunks that one
 * worker handles at a time: whole images where they are small, else some rows of tiles of one image. Tiles of a chunk are
 * numbered by image, row and column.
 */
final class TileGrid {
  private static final int TILE = TileTransforms.TILE;
  private static final int CHANNELS_AT_ONCE = 16;

  final int batch;
  final int height;
  final int width;
  final int tileRows;
  final int tileColumns;
  final int chunks;
  /** Images of a full chunk. */
  final int images;
  /** Rows of tiles of a full chunk. */
  final int band;

  private final int bands;
  private final int lowY;
  private final int lowX;

  /**
   * @param wanted how many tiles a chunk should have, about
   * @param enough how many chunks there should be at least, if there are as many rows of tiles
   */
  TileGrid(Correlation source, Correlation.Part part, int wanted, int enough) {
    this.batch = (int) source.batch();
    this.height = (int) part.height();
    this.width = (int) part.width();
    this.tileRows = (height + TILE - 1) / TILE;
    this.tileColumns = (width + TILE - 1) / TILE;
    int perImage = Math.max(1, tileRows * tileColumns);
    int most = wanted;
    while (most > 8 && (long) perImage * batch / most < enough) {
      most -= 8;
    }
    if (perImage <= most) {
      this.images = Math.clamp(most / perImage, 1, Math.max(1, batch));
      this.band = tileRows;
    } else {
      this.images = 1;
      int rows = Math.clamp(most / tileColumns, 1, tileRows);
      this.band = (tileRows + (tileRows + rows - 1) / rows - 1) / ((tileRows + rows - 1) / rows);
    }
    this.bands = tileRows == 0 ? 0 : (tileRows + band - 1) / band;
    this.chunks = tileColumns == 0 ? 0 : (batch + images - 1) / images * bands;
    this.lowY = (int) part.taps().stream().mapToLong(Correlation.Tap::y).min().orElseThrow();
    this.lowX = (int) part.taps().stream().mapToLong(Correlation.Tap::x).min().orElseThrow();
  }

  /** Tiles of a full chunk. */
  int tiles() {
    return images * band * tileColumns;
  }

  int image(int chunk) {
    return chunk / bands * images;
  }

  int imagesOf(int chunk) {
    return Math.min(images, batch - image(chunk));
  }

  /** The first row of tiles. */
  int tileRow(int chunk) {
    return chunk % bands * band;
  }

  int tileRowsOf(int chunk) {
    return Math.min(band, tileRows - tileRow(chunk));
  }

  int tilesOf(int chunk) {
    return imagesOf(chunk) * tileRowsOf(chunk) * tileColumns;
  }

  /** How many tiles there are before a chunk; of the chunk behind the last, how many there are. */
  int firstTile(int chunk) {
    return chunk == chunks ? allTiles() : (image(chunk) * tileRows + tileRow(chunk)) * tileColumns;
  }

  int allTiles() {
    return batch * tileRows * tileColumns;
  }

  /** Rows of the result in a chunk. */
  int rowsOf(int chunk) {
    return Math.min(tileRowsOf(chunk) * TILE, height - tileRow(chunk) * TILE);
  }

  /** Columns of pixels that the windows of a row of tiles read. */
  int windowColumns() {
    return tileColumns * TILE + 2;
  }

  /** Pixels that the windows of a chunk's tiles read. */
  int windowPixels() {
    return images * (band * TILE + 2) * windowColumns();
  }

  /** Pixels of a chunk's tiles, with those behind the image's edges. */
  int tilePixels() {
    return tiles() * TILE * TILE;
  }

  /**
   * Copies the pixels that a chunk's windows read: [image][row][column][channel], zeros where there is no source.
   *
   * @param channels the consecutive channels of one pixel of the copy; what is behind the source's is left as it was
   */
  void copyWindows(Correlation source, boolean vector, long operand, int chunk, long to, int channels) {
    int rows = tileRowsOf(chunk) * TILE + 2;
    copy(source.source(), (int) source.channels(), (int) source.height(), (int) source.width(), vector, operand, chunk,
        tileRow(chunk) * TILE + lowY, rows, lowX, windowColumns(), to, channels);
  }

  /** Copies the pixels of a chunk's tiles out of an operand over the result's space, in the same manner. */
  void copyTiles(View view, int viewChannels, boolean vector, long operand, int chunk, long to, int channels) {
    copy(view, viewChannels, height, width, vector, operand, chunk, tileRow(chunk) * TILE, tileRowsOf(chunk) * TILE, 0,
        tileColumns * TILE, to, channels);
  }

  private void copy(View view, int present, int viewHeight, int viewWidth, boolean vector, long operand, int chunk,
      int firstRow, int rows, int firstColumn, int columns, long to, int channels) {
    Dims s = view.strides();
    long pixel = 4L * channels;
    int first = Math.clamp(-firstColumn, 0, columns);
    int end = Math.clamp(viewWidth - firstColumn, first, columns);
    int count = imagesOf(chunk);
    long line = columns * pixel;
    for (int i = 0; i < count; i++) {
      long image = view.offset() + (image(chunk) + i) * s.get(0) + (firstColumn + first) * s.get(3);
      long at = to + i * rows * line;
      int top = Math.clamp(-firstRow, 0, rows);
      int bottom = Math.clamp(viewHeight - firstRow, top, rows);
      Memory.fill(at, top * line, (byte) 0);
      Memory.fill(at + bottom * line, (rows - bottom) * line, (byte) 0);
      for (int r = top; r < bottom; r++) {
        Memory.fill(at + r * line, first * pixel, (byte) 0);
        Memory.fill(at + r * line + end * pixel, (columns - end) * pixel, (byte) 0);
      }
      // Few channels at a time: each is a stream of its own to the processor's prefetching.
      for (int c = 0; c < present; c += CHANNELS_AT_ONCE) {
        int some = Math.min(CHANNELS_AT_ONCE, present - c);
        for (int r = top; r < bottom; r++) {
          line(vector, operand + 4 * (image + (firstRow + r) * s.get(2) + c * s.get(1)), s, end - first, some,
              at + r * line + first * pixel + 4L * c, pixel);
        }
      }
    }
  }

  /** A line of pixels: some of their channels. */
  private static void line(boolean vector, long from, Dims strides, int pixels, int channels, long to, long pixel) {
    long across = 4 * strides.get(3);
    long deep = 4 * strides.get(1);
    if (across == 4) {
      Packing.transposed(from, deep, pixels, channels, to, pixel);
    } else if (deep == 4) {
      Packing.rows(vector, from, across, pixels, channels, to, pixel);
    } else {
      for (int x = 0; x < pixels; x++) {
        for (int c = 0; c < channels; c++) {
          Memory.putFloat(to + x * pixel + 4L * c, Memory.getFloat(from + x * across + c * deep));
        }
      }
    }
  }
}
