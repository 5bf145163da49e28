package org.lathe.backends.cpu;

import java.util.Objects;
import org.lathe.hal.DType;

/**
 * The columns of one task of a convolution: multiplies them with the filters, a few register tiles at a time, and runs
 * the epilogue over what comes out.
 *
 * <p>A task's variables are in the worker's {@link Run#index} array behind the point, because a part makes no objects.
 */
final class ConvolutionColumns {
  static final int GROUP = 8;
  static final int IMAGE = 9;
  static final int ROW = 10;
  static final int ROWS = 11;
  /** The first panel of filters. */
  static final int PANEL = 12;
  /** The address of column 0 of the first image's band. */
  static final int FIRST = 13;

  private final ConvolutionPart p;
  private final Tiling tiling;
  private final DType accumulator;
  private final int bytes;
  private final int width;

  ConvolutionColumns(ConvolutionPart part, DType accumulator) {
    this.p = part;
    this.tiling = part.tiling;
    this.accumulator = accumulator;
    this.bytes = part.elementBytes();
    this.width = (int) part.part.width();
  }

  /**
   * Columns as they lie, from the first to the last pixel of the band, with what is between the rows. The last tile reads
   * behind the image.
   */
  void spanned(long[] operands, int inputs, Object filters, int base, Run run, int worker, int images) {
    long[] state = run.index(worker);
    int span = ((int) state[ROWS] - 1) * p.lineStep + width;
    int step = p.columnPanels * tiling.columns();
    long tile = p.tileAt(run, worker);
    for (int image = 0; image < images; image++) {
      long first = state[FIRST] + image * p.imageBytes();
      for (int q = 0; q < span; q += step) {
        int columns = Math.min(step, span - q);
        for (int block = 0; block < tiling.kBlocks; block++) {
          for (int j = 0; j < columns; j += tiling.columns()) {
            multiply(filters, base, state, block, first + (long) (q + j) * bytes, tile + (long) j * bytes, columns - j);
          }
        }
        finishSpan(operands, inputs, run, worker, tile, image, q, columns);
      }
    }
  }

  /**
   * One line of pixels after the other, with what is behind it up to a whole vector: there the products of the next line
   * go, so that those of all lines lie without gaps.
   */
  void lines(long[] operands, int inputs, Object filters, int base, Run run, int worker, int images) {
    long[] state = run.index(worker);
    int lines = (int) state[ROWS];
    long tile = p.tileAt(run, worker);
    for (int image = 0; image < images; image++) {
      long first = state[FIRST] + image * p.imageBytes();
      for (int line = 0; line < lines; line += p.linesAtOnce) {
        int count = Math.min(p.linesAtOnce, lines - line);
        for (int u = 0; u < count; u++) {
          long b = first + (long) (line + u) * p.lineStep * bytes;
          long c = tile + (long) u * width * bytes;
          for (int j = 0; j < width; j += tiling.columns()) {
            for (int block = 0; block < tiling.kBlocks; block++) {
              multiply(filters, base, state, block, b + (long) j * bytes, c + (long) j * bytes, width - j);
            }
          }
        }
        finishLines(operands, inputs, run, worker, tile, image, line, count);
      }
    }
  }

  /** The pixels of all images without gaps, gathered into packed panels. */
  void gathered(long[] operands, int inputs, Object filters, int base, Run run, int worker, int images) {
    long[] state = run.index(worker);
    int perImage = (int) state[ROWS] * width;
    int total = images * perImage;
    int step = p.columnPanels * tiling.columns();
    long packed = run.workerScratch(worker) + p.planeBytes();
    long tile = p.tileAt(run, worker);
    for (int q = 0; q < total; q += step) {
      int columns = Math.min(step, total - q);
      for (int block = 0; block < tiling.kBlocks; block++) {
        int k = tiling.kOf(block);
        for (int j = 0; j < columns; j += tiling.columns()) {
          int wide = Math.min(tiling.columns(), columns - j);
          int vectors = (wide + tiling.lanes - 1) / tiling.lanes;
          if (wide < vectors * tiling.lanes) {
            pad(packed, k, vectors);
          }
          for (int done = 0; done < wide;) {
            int at = q + j + done;
            int pixel = at % perImage;
            int n = Math.min(wide - done, width - pixel % width);
            long from = state[FIRST]
                + at / perImage * p.imageBytes()
                + ((long) pixel / width * p.lineStep + pixel % width) * bytes;
            gather(from, block, k, n, packed, vectors, done);
            done += n;
          }
          multiply(filters, base, state, block, packed, p.packedTable(vectors), tile + (long) j * bytes, p.tilePitch(),
              vectors);
        }
      }
      finishGathered(operands, inputs, run, worker, tile, q, columns, perImage);
    }
  }

  /**
   * Columns as they lie, stored where the result lies: one line of pixels after the other, or all of a band where nothing
   * is between the lines.
   */
  void stored(long[] operands, int inputs, Object filters, int base, Run run, int worker, int images) {
    long[] state = run.index(worker);
    StoredLines to = Objects.requireNonNull(p.storedLines);
    int lines = to.joined() ? 1 : (int) state[ROWS];
    int length = to.joined() ? (int) state[ROWS] * width : width;
    long channel = p.source.resultChannel(state[GROUP], state[PANEL] * tiling.rows);
    for (int image = 0; image < images; image++) {
      long from = state[FIRST] + image * p.imageBytes();
      long out = operands[inputs] + to.at(state[IMAGE] + image, channel, state[ROW]);
      for (int line = 0; line < lines; line++) {
        storedLine(from, out, length, to.channelBytes(), filters, base, run, worker);
        from += (long) p.lineStep * bytes;
        out += to.rowBytes();
      }
    }
  }

  private void storedLine(long from, long out, int length, long pitch, Object filters, int base, Run run, int worker) {
    long[] state = run.index(worker);
    for (int q = 0; q < length;) {
      int whole = (length - q) / tiling.lanes;
      int wide = whole == 0
          ? length - q
          : Math.ceilDiv(whole, Math.ceilDiv(whole, tiling.vectors)) * tiling.lanes;
      long b = from + (long) q * bytes;
      long c = out + (long) q * bytes;
      if (wide >= tiling.lanes) {
        for (int block = 0; block < tiling.kBlocks; block++) {
          multiply(filters, base, state, block, b, p.table(block), c, pitch, wide / tiling.lanes);
        }
      } else {
        storedEdge(b, c, wide, pitch, filters, base, run, worker);
      }
      q += wide;
    }
  }

  /** Fewer columns than a vector has lanes: made in scratch memory, and copied. */
  private void storedEdge(
      long from, long out, int wide, long pitch, Object filters, int base, Run run, int worker) {
    long[] state = run.index(worker);
    long tile = p.tileAt(run, worker);
    for (int block = 0; block < tiling.kBlocks; block++) {
      multiply(filters, base, state, block, from, tile, wide);
    }
    int rows = rowsOfTask(state);
    for (int r = 0; r < rows; r++) {
      Memory.copy(tile + r * p.tilePitch(), out + r * pitch, (long) wide * bytes);
    }
  }

  private void pad(long packed, int k, int vectors) {
    Memory.fill(packed, (long) k * vectors * tiling.lanes * bytes, (byte) 0);
  }

  /** Copies, for each k of a block, {@code n} consecutive elements into column {@code column} of a packed panel. */
  private void gather(long from, int block, int k, int n, long packed, int vectors, int column) {
    long table = p.table(block);
    long to = packed + (long) column * bytes;
    long toStep = (long) vectors * tiling.lanes * bytes;
    if (tiling.vector && bytes == 4 && VectorPacking.READY.now()) {
      VectorPacking.gather(from, table, k, n, to, toStep);
      return;
    }
    for (int i = 0; i < k; i++) {
      Memory.copy(from + Memory.getLong(table + 8L * i), to + i * toStep, (long) n * bytes);
    }
  }

  /** A register tile of at most {@code columns} columns, and what is behind them up to a whole vector, in the tile at c. */
  private void multiply(Object filters, int base, long[] state, int block, long b, long c, int columns) {
    int vectors = Math.ceilDiv(Math.min(tiling.columns(), columns), tiling.lanes);
    multiply(filters, base, state, block, b, p.table(block), c, p.tilePitch(), vectors);
  }

  private void multiply(
      Object filters, int base, long[] state, int block, long b, long table, long c, long pitch, int vectors) {
    int first = (int) state[PANEL];
    int end = Math.min(tiling.panels, first + p.rowPanels);
    for (int panel = first; panel < end; panel++) {
      tiling.kernel(panel, vectors, block > 0)
          .run(
              tiling.kOf(block),
              filters,
              base + p.filtersAt(state[GROUP], block, panel),
              MicroKernel.NO_TABLE,
              0,
              0,
              b,
              table,
              c + (long) (panel - first) * tiling.rows * pitch,
              pitch);
    }
  }

  private int rowsOfTask(long[] state) {
    int first = (int) state[PANEL];
    int end = Math.min(tiling.panels, first + p.rowPanels);
    return (end - first - 1) * tiling.rows + tiling.rowsOf(end - 1);
  }

  /** The epilogue over columns {@code q} to {@code q + columns} of a band, leaving out what is between the rows. */
  private void finishSpan(
      long[] operands, int inputs, Run run, int worker, long tile, int image, int q, int columns) {
    long[] index = run.index(worker);
    int rows = rowsOfTask(index);
    int step = accumulator.bytes();
    index[0] = index[IMAGE] + image;
    for (int r = 0; r < rows; r++) {
      long line = tile + r * p.tilePitch();
      index[1] = p.source.resultChannel(index[GROUP], index[PANEL] * tiling.rows + r);
      if (accumulator == DType.U8) {
        ContractionKernel.narrow(line, columns);
      }
      int u = q / p.lineStep;
      int v = q % p.lineStep;
      if (v >= width) {
        u++;
        v = 0;
      }
      long firstPixel = (index[ROW] + u) * width + v;
      int dense = 0;
      for (int at = u * p.lineStep + v - q; at < columns; u++, at = u * p.lineStep - q, v = 0) {
        int n = Math.min(width - v, columns - at);
        if (p.epilogue.flat) {
          if (dense != at) {
            Memory.copy(line + (long) at * step, line + (long) dense * step, (long) n * step);
          }
          dense += n;
        } else {
          index[2] = index[ROW] + u;
          index[3] = v;
          apply(line + (long) at * step, n, operands, inputs, run, worker);
        }
      }
      if (p.epilogue.flat && dense > 0) {
        index[2] = firstPixel;
        apply(line, dense, operands, inputs, run, worker);
      }
    }
  }

  /** The epilogue over {@code count} lines of pixels without gaps. */
  private void finishLines(
      long[] operands, int inputs, Run run, int worker, long tile, int image, int line, int count) {
    long[] index = run.index(worker);
    int rows = rowsOfTask(index);
    index[0] = index[IMAGE] + image;
    index[2] = (index[ROW] + line) * width;
    for (int r = 0; r < rows; r++) {
      index[1] = p.source.resultChannel(index[GROUP], index[PANEL] * tiling.rows + r);
      long pixels = tile + r * p.tilePitch();
      if (accumulator == DType.U8) {
        ContractionKernel.narrow(pixels, count * width);
      }
      apply(pixels, count * width, operands, inputs, run, worker);
    }
  }

  /** The epilogue over pixels {@code q} to {@code q + columns} of all images of a task. */
  private void finishGathered(
      long[] operands, int inputs, Run run, int worker, long tile, int q, int columns, int perImage) {
    long[] index = run.index(worker);
    int rows = rowsOfTask(index);
    int step = accumulator.bytes();
    for (int r = 0; r < rows; r++) {
      long line = tile + r * p.tilePitch();
      index[1] = p.source.resultChannel(index[GROUP], index[PANEL] * tiling.rows + r);
      if (accumulator == DType.U8) {
        ContractionKernel.narrow(line, columns);
      }
      for (int done = 0; done < columns;) {
        int pixel = (q + done) % perImage;
        index[0] = index[IMAGE] + (q + done) / perImage;
        int n;
        if (p.epilogue.flat) {
          n = Math.min(columns - done, perImage - pixel);
          index[2] = index[ROW] * width + pixel;
        } else {
          n = Math.min(columns - done, width - pixel % width);
          index[2] = index[ROW] + pixel / width;
          index[3] = pixel % width;
        }
        apply(line + (long) done * step, n, operands, inputs, run, worker);
        done += n;
      }
    }
  }

  private void apply(long accumulators, int n, long[] operands, int inputs, Run run, int worker) {
    p.epilogue.epilogue.apply(accumulators, run.index(worker), n, operands, 2, inputs, run.longs(worker));
  }
}
