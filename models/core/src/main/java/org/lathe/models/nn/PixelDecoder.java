package org.lathe.models.nn;

import java.util.List;
import java.util.function.Function;
import org.lathe.compiler.op.Tensor;

/**
 * Predicts a picture's pixels in raster order, each from the ones before, without computing anything of those again: what is
 * needed of earlier rows and earlier pixels is kept. See {@link PixelSampler}, which calls {@link #begin}, then for each row
 * {@link #row}, {@link #pixel} for each of its pixels, and {@link #end}.
 */
public interface PixelDecoder {
  /** What is kept before the first row. */
  List<Tensor> begin();

  /**
   * A row before its first pixel.
   *
   * @param state kept until the row ends
   * @param carries what goes from pixel to pixel
   * @param columns what each pixel of the row is given, such as what the rows above tell it: each [side, ..]
   */
  record Row(List<Tensor> state, List<Tensor> carries, List<Tensor> columns) {
    public Row {
      state = List.copyOf(state);
      carries = List.copyOf(carries);
      columns = List.copyOf(columns);
    }
  }

  Row row(List<Tensor> state);

  /**
   * A pixel that is predicted.
   *
   * @param logits of its level [batch, levels]
   * @param taken gives the next carries, once the level i32 [batch] is known
   * @param kept for the row's end
   */
  record Pixel(Tensor logits, Function<Tensor, List<Tensor>> taken, List<Tensor> kept) {
    public Pixel {
      kept = List.copyOf(kept);
    }
  }

  /**
   * @param column this pixel's part of {@link Row#columns}
   * @param position i32 scalar: the pixel's number in the picture, from 0
   */
  Pixel pixel(List<Tensor> carries, List<Tensor> column, Tensor position);

  /**
   * What is kept after a row, of the types of {@link #begin}.
   *
   * @param state as {@link #row} gave it
   * @param carries after the last pixel
   * @param levels i32 [side, batch]: the row's pixels
   * @param kept by each pixel, stacked: [side, ..]
   */
  List<Tensor> end(List<Tensor> state, List<Tensor> carries, Tensor levels, List<Tensor> kept);
}
