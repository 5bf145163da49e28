package org.lathe.models.nets;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.lathe.compiler.ir.TensorType;
import org.lathe.compiler.op.Tensor;
import org.lathe.hal.DType;
import org.lathe.models.nn.Embedding;
import org.lathe.models.nn.Initializer;
import org.lathe.models.nn.LayerNorm;
import org.lathe.models.nn.Linear;
import org.lathe.models.nn.MultiHeadAttention;
import org.lathe.models.nn.Parameter;
import org.lathe.models.nn.PixelDecoder;
import org.lathe.models.nn.TransformerBlock;

/**
 * A Transformer over pixels with masked attention (Parmar et al. 2018; Chen et al. 2020): a pixel is predicted from the level
 * before it and, through attention, from all earlier ones. Layer norm before each part and once at the end, GELU; a pixel's
 * row and its column have a trained vector each.
 *
 * <p>Drawing keeps the keys and values of earlier pixels. Parameters: {@code row}, {@code column} [side, width]. Parts:
 * {@code embedding} (the last level stands for "before the first"), {@code block.0}, ..., {@code norm}, {@code out}.
 */
public final class PixelTransformer extends PixelNet {
  private final Options options;
  private final Embedding embedding;
  private final Parameter row;
  private final Parameter column;
  private final List<TransformerBlock> blocks;
  private final LayerNorm norm;
  private final Linear out;

  public record Options(long side, long levels, long width, long heads, long feedForward, int layers) {}

  public PixelTransformer(Options o) {
    super(o.side(), o.levels(), 0);
    options = o;
    embedding = child("embedding", new Embedding(o.levels() + 1, o.width(), Initializer.normal(0.3)));
    row = parameter("row", Initializer.normal(0.3), o.side(), o.width());
    column = parameter("column", Initializer.normal(0.3), o.side(), o.width());
    TransformerBlock.Options block = TransformerBlock.Options.of(o.width(), o.heads(), o.feedForward())
        .withNorm(TransformerBlock.Norm.BEFORE)
        .withActivation(Tensor::geluTanh);
    blocks = children("block",
        Stream.generate(() -> new TransformerBlock(block, false)).limit(o.layers()).toList());
    norm = child("norm", new LayerNorm(o.width()));
    out = child("out", new Linear(o.width(), o.levels()));
  }

  /** A vector for each pixel, [side * side, width]. */
  private Tensor positions() {
    return row.tensor().expandDims(1).add(column.tensor()).reshape(side() * side(), options.width());
  }

  @Override
  public Tensor logits(Tensor x, @Nullable Tensor label) {
    long batch = x.dim(0);
    long pixels = side() * side();
    Tensor before = Tensor.concat(1, nothing(batch, x).expandDims(1), x.flatten(1).slice(1, 0, pixels - 1));
    Tensor h = embedding.apply(before).add(positions());
    for (TransformerBlock block : blocks) {
      h = block.apply(h, true);
    }
    return out.apply(norm.apply(h)).reshape(batch, side(), side(), levels());
  }

  /** What stands before the first pixel, i32 [batch]. */
  private Tensor nothing(long batch, Tensor like) {
    return Tensor.fill(like.builder(), TensorType.of(DType.I32, batch), levels());
  }

  @Override
  protected PixelDecoder decoder(long batch, Tensor like, @Nullable Tensor label) {
    return new Decoder(batch, like, positions());
  }

  /** Its state: the level before, i32 [batch], then each block's keys and values. */
  private final class Decoder implements PixelDecoder {
    private final long batch;
    private final Tensor like;
    private final Tensor positions;

    Decoder(long batch, Tensor like, Tensor positions) {
      this.batch = batch;
      this.like = like;
      this.positions = positions;
    }

    @Override
    public List<Tensor> begin() {
      List<Tensor> all = new ArrayList<>(List.of(nothing(batch, like)));
      TensorType cache = TensorType.of(
          DType.F32, batch, options.heads(), side() * side(), options.width() / options.heads());
      for (int i = 0; i < 2 * blocks.size(); i++) {
        all.add(Tensor.fill(like.builder(), cache, 0));
      }
      return all;
    }

    @Override
    public Row row(List<Tensor> state) {
      return new Row(List.of(), state, List.of());
    }

    @Override
    public Pixel pixel(List<Tensor> carries, List<Tensor> none, Tensor position) {
      Tensor h = embedding.apply(carries.getFirst()).add(positions.gather(position)).expandDims(1);
      List<Tensor> next = new ArrayList<>();
      for (int l = 0; l < blocks.size(); l++) {
        MultiHeadAttention.Cached made = blocks.get(l).applyCached(
            h, new MultiHeadAttention.Cache(carries.get(1 + 2 * l), carries.get(2 + 2 * l)), position);
        h = made.output();
        next.add(made.cache().keys());
        next.add(made.cache().values());
      }
      return new Pixel(
          out.apply(norm.apply(h)).squeeze(1),
          level -> {
            next.addFirst(level);
            return next;
          },
          List.of());
    }

    @Override
    public List<Tensor> end(List<Tensor> state, List<Tensor> carries, Tensor levels, List<Tensor> kept) {
      return carries;
    }
  }
}
