package org.lathe.models.nn;

import java.util.ArrayList;
import java.util.List;
import org.lathe.compiler.op.ControlFlow;
import org.lathe.compiler.op.Tensor;
import org.lathe.hal.DType;

/**
 * Draws pictures pixel by pixel as two nested loops of a graph, over rows and over the pixels of a row; each step computes
 * one pixel only, from what the {@link PixelDecoder} keeps.
 *
 * @param side width and height of the pictures
 * @param levels of each pixel
 */
public record PixelSampler(long side, long levels) {
  /** A pixel that is to be drawn, where others are given. */
  public static final int FREE = -1;

  /**
   * Pictures, and how they came about.
   *
   * @param levels i32 [batch, side, side]
   * @param logits of each pixel's level, given those before [batch, side, side, levels]
   */
  public record Drawn(Tensor levels, Tensor logits) {}

  /**
   * @param noise [batch, side, side], uniform in [0, 1): a pixel is the first level whose cumulative probability exceeds it
   * @param given i32 [batch, side, side]: levels that are known, {@link #FREE} where one is to be drawn
   */
  public Drawn draw(PixelDecoder decoder, Tensor noise, Tensor given) {
    List<Tensor> start = new ArrayList<>(List.of(Tensor.scalar(noise.builder(), DType.I32, 0)));
    start.addAll(decoder.begin());
    ControlFlow.Scanned rows = ControlFlow.scan(
        start,
        List.of(noise.permute(1, 2, 0), given.permute(1, 2, 0)),
        (carries, row) -> row(decoder, carries.getFirst(), carries.subList(1, carries.size()), row));
    return new Drawn(rows.outputs().get(0).permute(2, 0, 1), rows.outputs().get(1).permute(2, 0, 1, 3));
  }

  private ControlFlow.Step row(PixelDecoder decoder, Tensor first, List<Tensor> kept, List<Tensor> sequences) {
    PixelDecoder.Row row = decoder.row(kept);
    List<Tensor> carries = new ArrayList<>(List.of(first));
    carries.addAll(row.carries());
    List<Tensor> columns = new ArrayList<>(sequences);
    columns.addAll(row.columns());
    ControlFlow.Scanned pixels = ControlFlow.scan(
        carries,
        columns,
        (c, column) -> {
          PixelDecoder.Pixel pixel = decoder.pixel(c.subList(1, c.size()), column.subList(2, column.size()), c.get(0));
          Tensor known = column.get(1);
          Tensor level = known.greaterEqual(0).where(known, pick(pixel.logits(), column.get(0)));
          List<Tensor> next = new ArrayList<>(List.of(c.getFirst().add(1)));
          next.addAll(pixel.taken().apply(level));
          List<Tensor> outputs = new ArrayList<>(List.of(level, pixel.logits()));
          outputs.addAll(pixel.kept());
          return new ControlFlow.Step(next, outputs);
        });
    List<Tensor> outputs = pixels.outputs();
    List<Tensor> after = pixels.carries();
    List<Tensor> next = new ArrayList<>(List.of(after.getFirst()));
    next.addAll(
        decoder.end(
            row.state(), after.subList(1, after.size()), outputs.getFirst(), outputs.subList(2, outputs.size())));
    return new ControlFlow.Step(next, outputs.subList(0, 2));
  }

  /** The level whose part of the unit interval holds the noise: [batch, levels] and [batch] to i32 [batch]. */
  private Tensor pick(Tensor logits, Tensor noise) {
    Tensor below = logits.softmax(1).cumulativeSum(1).slice(1, 0, levels - 1);
    return below.lessEqual(noise.expandDims(1)).cast(DType.F32).sum(1).cast(DType.I32);
  }
}
