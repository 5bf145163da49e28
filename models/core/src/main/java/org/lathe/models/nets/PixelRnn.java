package org.lathe.models.nets;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.lathe.compiler.ir.TensorType;
import org.lathe.compiler.op.ControlFlow;
import org.lathe.compiler.op.Convolutions;
import org.lathe.compiler.op.Tensor;
import org.lathe.hal.DType;
import org.lathe.hal.Dims;
import org.lathe.models.nn.Conv2d;
import org.lathe.models.nn.Initializer;
import org.lathe.models.nn.MaskedConv2d.Mask;
import org.lathe.models.nn.MaskedConv2d;
import org.lathe.models.nn.Module;
import org.lathe.models.nn.Parameter;
import org.lathe.models.nn.PixelDecoder;
import org.lathe.models.nn.PixelHead;

/**
 * A PixelRNN of row LSTMs (van den Oord, Kalchbrenner and Kavukcuoglu 2016): a convolution with mask A, then layers in which
 * an LSTM goes from row to row, all pixels of a row at once. Its input at a pixel is a convolution with mask B along the row,
 * its recurrent part a convolution of three pixels over the states of the row above. Each layer adds to its input.
 *
 * <p>Parts: {@code above} and {@code left} (the first convolution), {@code layer.0}, ..., {@code head}.
 */
public final class PixelRnn extends PixelNet {
  private static final long SIZE = 3;

  private final MaskedConv2d above;
  private final MaskedConv2d left;
  private final List<RowLstm> layers = new ArrayList<>();
  private final PixelHead head;

  /**
   * @param features of the layers' inputs
   * @param hidden states of an LSTM at each pixel
   * @param firstSize of the first convolution's square
   * @param head features of the layer before the logits
   */
  public record Options(long side, long levels, long features, long hidden, int layers, long firstSize, long head) {}

  public PixelRnn(Options o) {
    super(o.side(), o.levels(), 0);
    above = child("above", new MaskedConv2d(Mask.ABOVE, o.levels(), o.features(), o.firstSize()));
    left = child("left", new MaskedConv2d(Mask.LEFT, o.levels(), o.features(), o.firstSize()));
    for (int l = 0; l < o.layers(); l++) {
      layers.add(child("layer." + l, new RowLstm(o.features(), o.hidden())));
    }
    head = child("head", new PixelHead(o.features(), o.head(), o.levels()));
  }

  /** The states of a row or of a pixel, [batch, hidden, 1, width]. */
  private record State(Tensor h, Tensor c) {}

  /** Parameters: {@code recurrent} [4 hidden, hidden, 1, 3]; the gates are i, f, g, o, the forget bias begins at 1. */
  private static final class RowLstm extends Module {
    final long hidden;
    final MaskedConv2d input;
    final Parameter recurrent;
    final Conv2d out;

    RowLstm(long features, long hidden) {
      this.hidden = hidden;
      input = child("input", new MaskedConv2d(Mask.LEFT_AND_SELF, features, 4 * hidden, SIZE, forgetBias(hidden)));
      recurrent = parameter("recurrent", Initializer.xavier(), 4 * hidden, hidden, 1, SIZE);
      out = child("out",
          new Conv2d(hidden, features, 1, Convolutions.Options.DEFAULT, Initializer.xavier(), Initializer.ZEROS));
    }

    private static Initializer forgetBias(long hidden) {
      return (shape, random) -> {
        float[] values = new float[Math.toIntExact(shape.product())];
        Arrays.fill(values, (int) hidden, (int) (2 * hidden), 1);
        return values;
      };
    }

    /** What the row above says to the gates, [batch, hidden, 1, side] to [batch, 4 hidden, 1, side]. */
    Tensor fromAbove(Tensor h) {
      return h.conv2d(recurrent.tensor(), Convolutions.Options.DEFAULT.withPad(0, SIZE / 2, 0, SIZE / 2));
    }

    /**
     * @param gates before their activation, [batch, 4 hidden, 1, width]
     * @param c of the row above
     */
    State next(Tensor gates, Tensor c) {
      List<Tensor> g = gates.split(1, 4);
      Tensor cell = g.get(1).sigmoid().mul(c).add(g.get(0).sigmoid().mul(g.get(2).tanh()));
      return new State(g.get(3).sigmoid().mul(cell.tanh()), cell);
    }

    /** All rows, [batch, features, side, side]. */
    Tensor apply(Tensor x) {
      Tensor rows = input.apply(x).permute(2, 0, 1, 3).expandDims(3);
      Tensor zeros = Tensor.fill(x.builder(), new TensorType(x.dtype(), Dims.of(x.dim(0), hidden, 1, x.dim(3))), 0);
      Tensor states = ControlFlow.scan(
          List.of(zeros, zeros),
          List.of(rows),
          (above, row) -> {
            State s = next(row.getFirst().add(fromAbove(above.get(0))), above.get(1));
            return new ControlFlow.Step(List.of(s.h(), s.c()), List.of(s.h()));
          }).output();
      return x.add(out.apply(states.squeeze(3).permute(1, 2, 0, 3)));
    }
  }

  @Override
  public Tensor logits(Tensor x, @Nullable Tensor label) {
    Tensor one = channels(x);
    Tensor h = above.apply(one).add(left.apply(one));
    for (RowLstm layer : layers) {
      h = layer.apply(h);
    }
    return head.apply(h).permute(0, 2, 3, 1);
  }

  @Override
  protected PixelDecoder decoder(long batch, Tensor like, @Nullable Tensor label) {
    return new Decoder(batch, like);
  }

  /** Its state: the last rows of the picture [batch, levels, reach, side], then h and c of each layer for the row above. */
  private final class Decoder implements PixelDecoder {
    private final long batch;
    private final Tensor like;

    Decoder(long batch, Tensor like) {
      this.batch = batch;
      this.like = like;
    }

    private Tensor zeros(long... shape) {
      return Tensor.fill(like.builder(), TensorType.of(DType.F32, shape), 0);
    }

    @Override
    public List<Tensor> begin() {
      List<Tensor> all = new ArrayList<>(List.of(zeros(batch, levels(), above.reach(), side())));
      for (RowLstm layer : layers) {
        all.add(zeros(batch, layer.hidden, 1, side()));
        all.add(zeros(batch, layer.hidden, 1, side()));
      }
      return all;
    }

    /** [batch, channels, 1, side] as a sequence of pixels. */
    private static Tensor pixels(Tensor row) {
      return row.permute(3, 0, 1, 2).expandDims(4);
    }

    @Override
    public Row row(List<Tensor> state) {
      List<Tensor> windows = new ArrayList<>(List.of(zeros(batch, levels(), 1, left.reach())));
      List<Tensor> columns = new ArrayList<>(List.of(pixels(above.applyOne(state.getFirst()))));
      for (int l = 0; l < layers.size(); l++) {
        RowLstm layer = layers.get(l);
        columns.add(pixels(layer.fromAbove(state.get(1 + 2 * l))));
        columns.add(pixels(state.get(2 + 2 * l)));
        windows.add(zeros(batch, layer.input.in(), 1, layer.input.reach()));
      }
      return new Row(List.of(state.getFirst()), windows, columns);
    }

    @Override
    public Pixel pixel(List<Tensor> windows, List<Tensor> column, Tensor position) {
      List<Tensor> next = new ArrayList<>();
      List<Tensor> kept = new ArrayList<>();
      Tensor first = windows.getFirst();
      Tensor h = column.getFirst().add(left.applyOne(first));
      for (int l = 0; l < layers.size(); l++) {
        RowLstm layer = layers.get(l);
        Tensor seen = Tensor.concat(3, windows.get(1 + l), h);
        next.add(seen.slice(3, 1, seen.dim(3)));
        State s = layer.next(layer.input.applyOne(seen).add(column.get(1 + 2 * l)), column.get(2 + 2 * l));
        kept.add(s.h());
        kept.add(s.c());
        h = h.add(layer.out.apply(s.h()));
      }
      return new Pixel(
          head.apply(h).reshape(batch, levels()),
          level -> {
            next.addFirst(Tensor.concat(3, first.slice(3, 1, first.dim(3)), pixelChannels(level)));
            return next;
          },
          kept);
    }

    @Override
    public List<Tensor> end(List<Tensor> state, List<Tensor> carries, Tensor levels, List<Tensor> kept) {
      Tensor rows = state.getFirst();
      List<Tensor> next = new ArrayList<>(
          List.of(Tensor.concat(2, rows.slice(2, 1, rows.dim(2)), rowChannels(levels))));
      kept.forEach(k -> next.add(k.squeeze(4).permute(1, 2, 3, 0)));
      return next;
    }
  }
}
