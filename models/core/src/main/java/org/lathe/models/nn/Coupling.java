package org.lathe.models.nn;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.lathe.compiler.ir.Literal;
import org.lathe.compiler.ir.TensorType;
import org.lathe.compiler.op.Tensor;
import org.lathe.hal.DType;

/**
 * A coupling (Dinh, Krueger and Bengio 2015; Dinh, Sohl-Dickstein and Bengio 2017): an invertible map of [batch, dimensions]
 * whose Jacobian is triangular. Every second value stays as it is; from these a network tells how the others move: by a shift
 * (additive), or by a factor exp(s) and a shift (affine). The log-scale is {@code scale * tanh(..)} with a trained scale, so
 * that no factor runs away.
 *
 * <p>The network sees zeros in the place of the values that move. Parameters: {@code scale} [dimensions] if it is affine.
 * Part: {@code net}.
 */
public final class Coupling extends Module {
  private final long dimensions;
  private final int parity;
  private final Layer net;
  private final @Nullable Parameter scale;

  /**
   * What a map makes of its argument.
   *
   * @param values [batch, dimensions]
   * @param logDeterminant of the Jacobian's magnitude, for each of the batch: [batch]
   */
  public record Mapped(Tensor values, Tensor logDeterminant) {}

  private Coupling(long dimensions, int parity, Layer net, boolean affine) {
    if (dimensions < 2) {
      throw new IllegalArgumentException("a coupling needs at least 2 dimensions, not " + dimensions);
    }
    this.dimensions = dimensions;
    this.parity = parity;
    this.net = net;
    if (net instanceof Module module) {
      child("net", module);
    }
    scale = affine ? parameter("scale", Initializer.ONES, dimensions) : null;
  }

  /**
   * @param parity 0 if the values of even numbers stay, 1 if those of odd ones do
   * @param net from [batch, dimensions] to shifts [batch, dimensions]
   */
  public static Coupling additive(long dimensions, int parity, Layer net) {
    return new Coupling(dimensions, parity, net, false);
  }

  /**
   * @param parity 0 if the values of even numbers stay, 1 if those of odd ones do
   * @param net from [batch, dimensions] to log-scales and shifts side by side, [batch, 2 dimensions]
   */
  public static Coupling affine(long dimensions, int parity, Layer net) {
    return new Coupling(dimensions, parity, net, true);
  }

  /** Shifts and log-scales of all values, 0 for those that stay; no log-scale where it is additive. */
  private record Move(Tensor shift, @Nullable Tensor logScale) {}

  private Move move(Tensor x) {
    double[] stay = new double[Math.toIntExact(dimensions)];
    for (int i = 0; i < stay.length; i++) {
      stay[i] = i % 2 == parity ? 1 : 0;
    }
    Tensor stays = Tensor.constant(x.builder(), Literal.adopt(TensorType.of(DType.F32, dimensions), stay));
    Tensor moves = stays.subtractedFrom(1);
    Tensor out = net.apply(x.mul(stays));
    if (scale == null) {
      return new Move(out.mul(moves), null);
    }
    List<Tensor> halves = out.split(1, 2);
    return new Move(halves.get(1).mul(moves), halves.getFirst().tanh().mul(scale.tensor()).mul(moves));
  }

  /** From the data's side to the prior's. */
  public Mapped apply(Tensor x) {
    Move m = move(x);
    return m.logScale() == null
        ? new Mapped(x.add(m.shift()), x.sum(1).zerosLike())
        : new Mapped(x.mul(m.logScale().exp()).add(m.shift()), m.logScale().sum(1));
  }

  /** The inverse of {@link #apply}: the values that stay tell the same network the same. */
  public Tensor invert(Tensor y) {
    Move m = move(y);
    Tensor centred = y.sub(m.shift());
    return m.logScale() == null ? centred : centred.mul(m.logScale().neg().exp());
  }
}
