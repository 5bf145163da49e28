package org.lathe.models.nets;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.lathe.compiler.ir.TensorType;
import org.lathe.compiler.op.Convolutions;
import org.lathe.compiler.op.Tensor;
import org.lathe.hal.DType;
import org.lathe.models.nn.Conv2d;
import org.lathe.models.nn.Embedding;
import org.lathe.models.nn.Initializer;
import org.lathe.models.nn.MaskedConv2d.Mask;
import org.lathe.models.nn.MaskedConv2d;
import org.lathe.models.nn.Module;
import org.lathe.models.nn.PixelDecoder;
import org.lathe.models.nn.PixelHead;

/**
 * A gated PixelCNN (van den Oord et al. 2016, "Conditional image generation with PixelCNN decoders"). A vertical stack of
 * masked convolutions sees the rows above, a horizontal one the pixels to the left and what the vertical one says; each layer
 * is gated by tanh times sigmoid, the horizontal one with residuals. With classes, each adds biases to all gates.
 *
 * <p>Drawing keeps, for each layer, the last rows of the vertical stack and the last pixels of the horizontal one; a row's
 * vertical features are computed once, before its first pixel.
 *
 * <p>Parts: {@code layer.0} (mask A, of the first size), {@code layer.1}, ... (mask B), {@code head}.
 */
public final class GatedPixelCnn extends PixelNet {
  private final List<GatedLayer> layers = new ArrayList<>();
  private final PixelHead head;

  /**
   * @param features of each stack
   * @param firstSize of the first layer's square
   * @param size of the other layers'
   * @param head features of the layer before the logits
   * @param classes 0 for none
   */
  public record Options(
      long side, long levels, long features, int layers, long firstSize, long size, long head, long classes) {}

  public GatedPixelCnn(Options o) {
    super(o.side(), o.levels(), o.classes());
    for (int l = 0; l < o.layers(); l++) {
      layers.add(child("layer." + l, new GatedLayer(o, l == 0)));
    }
    head = child("head", new PixelHead(o.features(), o.head(), o.levels()));
  }

  /** One layer of both stacks. */
  private static final class GatedLayer extends Module {
    final boolean first;
    final MaskedConv2d vertical;
    final MaskedConv2d horizontal;
    final Conv2d across;
    final Conv2d out;
    final @Nullable Embedding biases;

    GatedLayer(Options o, boolean first) {
      this.first = first;
      long features = o.features();
      long in = first ? o.levels() : features;
      long size = first ? o.firstSize() : o.size();
      vertical = child(
          "vertical", new MaskedConv2d(first ? Mask.ABOVE : Mask.ABOVE_AND_ROW, in, 2 * features, size));
      horizontal = child(
          "horizontal", new MaskedConv2d(first ? Mask.LEFT : Mask.LEFT_AND_SELF, in, 2 * features, size));
      across = child("across", pointwise(2 * features, 2 * features));
      out = child("out", pointwise(features, features));
      biases = o.classes() == 0
          ? null
          : child("class", new Embedding(o.classes(), 4 * features, Initializer.normal(0.1)));
    }

    private static Conv2d pointwise(long in, long out) {
      return new Conv2d(in, out, 1, Convolutions.Options.DEFAULT, Initializer.xavier(), Initializer.ZEROS);
    }

    /** Adds the class's biases for the vertical stack, or for the horizontal one. */
    Tensor biased(Tensor y, @Nullable Tensor label, boolean isVertical) {
      if (biases == null || label == null) {
        return y;
      }
      long width = y.dim(1);
      Tensor all = biases.apply(label);
      return y.add((isVertical ? all.slice(1, 0, width) : all.slice(1, width, 2 * width)).reshape(-1, width, 1, 1));
    }

    /** The horizontal stack's next features, from what its convolution and the vertical stack say. */
    Tensor finish(Tensor convolved, Tensor above, @Nullable Tensor before) {
      Tensor y = out.apply(gate(convolved.add(above)));
      return before == null ? y : y.add(before);
    }
  }

  /** [batch, 2 features, ..] to [batch, features, ..]. */
  private static Tensor gate(Tensor y) {
    List<Tensor> halves = y.split(1, 2);
    return halves.get(0).tanh().mul(halves.get(1).sigmoid());
  }

  @Override
  public Tensor logits(Tensor x, @Nullable Tensor label) {
    Tensor v = channels(x);
    Tensor h = v;
    for (GatedLayer layer : layers) {
      Tensor vertical = layer.biased(layer.vertical.apply(v), label, true);
      Tensor above = layer.biased(layer.across.apply(vertical), label, false);
      h = layer.finish(layer.horizontal.apply(h), above, layer.first ? null : h);
      v = gate(vertical);
    }
    return head.apply(h).permute(0, 2, 3, 1);
  }

  @Override
  protected PixelDecoder decoder(long batch, Tensor like, @Nullable Tensor label) {
    return new Decoder(batch, like, label);
  }

  /** Its state: of each layer the last rows that its vertical convolution sees, [batch, in, reach, side]. */
  private final class Decoder implements PixelDecoder {
    private final long batch;
    private final Tensor like;
    private final @Nullable Tensor label;

    Decoder(long batch, Tensor like, @Nullable Tensor label) {
      this.batch = batch;
      this.like = like;
      this.label = label;
    }

    private Tensor zeros(long... shape) {
      return Tensor.fill(like.builder(), TensorType.of(DType.F32, shape), 0);
    }

    @Override
    public List<Tensor> begin() {
      return layers.stream().map(l -> zeros(batch, l.vertical.in(), l.vertical.reach(), side())).toList();
    }

    @Override
    public Row row(List<Tensor> state) {
      List<Tensor> next = new ArrayList<>();
      List<Tensor> windows = new ArrayList<>();
      List<Tensor> columns = new ArrayList<>();
      Tensor v = state.getFirst();
      for (int l = 0; l < layers.size(); l++) {
        GatedLayer layer = layers.get(l);
        Tensor seen = layer.first ? state.get(l) : Tensor.concat(2, state.get(l), v);
        Tensor vertical = layer.biased(layer.vertical.applyOne(seen), label, true);
        v = gate(vertical);
        next.add(layer.first ? seen : seen.slice(2, 1, seen.dim(2)));
        columns.add(layer.biased(layer.across.apply(vertical), label, false).squeeze(2).permute(2, 0, 1));
        windows.add(zeros(batch, layer.horizontal.in(), 1, layer.horizontal.reach()));
      }
      return new Row(next, windows, columns);
    }

    @Override
    public Pixel pixel(List<Tensor> windows, List<Tensor> column, Tensor position) {
      List<Tensor> next = new ArrayList<>();
      Tensor h = windows.getFirst();
      for (int l = 0; l < layers.size(); l++) {
        GatedLayer layer = layers.get(l);
        Tensor above = column.get(l).expandDims(2).expandDims(3);
        Tensor seen = layer.first ? windows.get(l) : Tensor.concat(3, windows.get(l), h);
        next.add(seen.slice(3, 1, seen.dim(3)));
        h = layer.finish(layer.horizontal.applyOne(seen), above, layer.first ? null : h);
      }
      return new Pixel(
          head.apply(h).reshape(batch, levels()),
          level -> {
            next.set(0, Tensor.concat(3, next.getFirst(), pixelChannels(level)));
            return next;
          },
          List.of());
    }

    @Override
    public List<Tensor> end(List<Tensor> state, List<Tensor> carries, Tensor levels, List<Tensor> kept) {
      List<Tensor> next = new ArrayList<>(state);
      Tensor first = state.getFirst();
      next.set(0, Tensor.concat(2, first.slice(2, 1, first.dim(2)), rowChannels(levels)));
      return next;
    }
  }
}
