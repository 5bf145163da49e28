package org.lathe.compiler.op;

import java.util.Arrays;
import java.util.List;
import org.lathe.compiler.ir.Attributes;
import org.lathe.compiler.op.OpDef.Domain;
import org.lathe.compiler.op.OpDef.Tolerance;
import org.lathe.compiler.op.Types.Elements;

/** Activation functions: elementwise composites with gradients of their own. */
public final class Activations {
  private static final double SQRT_HALF = Math.sqrt(0.5);
  private static final double SQRT_2_OVER_PI = Math.sqrt(2 / Math.PI);
  private static final double CUBIC = 0.044715;

  private Activations() {}

  /** max(x, 0). The gradient at 0 is 0. */
  public static final OpDef RELU = activation(
      "relu",
      Attributes.NONE,
      (x, a) -> Math.max(x, 0),
      (x, a) -> x.maximum(0),
      (c, g) -> c.input(0).greater(0).where(g, g.zerosLike()));

  /** x where positive, else attribute {@code slope} times x. */
  public static final OpDef LEAKY_RELU = activation(
      "leakyRelu",
      Attributes.of("slope", 0.01),
      (x, a) -> x > 0 ? x : a.real("slope") * x,
      (x, a) -> x.greater(0).where(x, x.mul(a.real("slope"))),
      (c, g) -> c.input(0).greater(0).where(g, g.mul(c.attributes().real("slope"))));

  /** x where positive, else attribute {@code alpha} times (exp(x) - 1) (Clevert et al. 2016). */
  public static final OpDef ELU = activation(
      "elu",
      Attributes.of("alpha", 1.0),
      (x, a) -> x > 0 ? x : a.real("alpha") * Math.expm1(x),
      (x, a) -> x.greater(0).where(x, x.minimum(0).expm1().mul(a.real("alpha"))),
      (c, g) -> c.input(0)
          .greater(0)
          .where(g, g.mul(c.input(0).minimum(0).exp()).mul(c.attributes().real("alpha"))));

  /** x times the normal distribution's cumulative probability (Hendrycks and Gimpel 2016), by the error function. */
  public static final OpDef GELU = activation(
      "gelu",
      Attributes.NONE,
      (x, a) -> 0.5 * x * (1 + Elementwise.erf(x * SQRT_HALF)),
      (x, a) -> x.mul(0.5).mul(x.mul(SQRT_HALF).erf().add(1)),
      (c, g) -> {
        Tensor x = c.input(0);
        Tensor cumulative = x.mul(SQRT_HALF).erf().add(1).mul(0.5);
        Tensor density = x.square().mul(-0.5).exp().mul(SQRT_2_OVER_PI / 2);
        return g.mul(cumulative.add(x.mul(density)));
      });

  /** The approximation of {@link #GELU} by tanh: x/2 (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))). */
  public static final OpDef GELU_TANH = activation(
      "geluTanh",
      Attributes.NONE,
      (x, a) -> 0.5 * x * (1 + Math.tanh(SQRT_2_OVER_PI * (x + CUBIC * x * x * x))),
      (x, a) -> x.mul(geluGate(x)),
      (c, g) -> {
        Tensor x = c.input(0);
        Tensor gate = geluGate(x);
        Tensor inner = x.square().mul(3 * CUBIC).add(1).mul(2 * SQRT_2_OVER_PI);
        return g.mul(gate).mul(gate.subtractedFrom(1).mul(inner).mul(x).add(1));
      });

  /** x sigmoid(x), also called swish. */
  public static final OpDef SILU = activation(
      "silu",
      Attributes.NONE,
      (x, a) -> x / (1 + Math.exp(-x)),
      (x, a) -> x.mul(x.sigmoid()),
      (c, g) -> {
        Tensor s = c.input(0).sigmoid();
        return g.mul(s).mul(s.subtractedFrom(1).mul(c.input(0)).add(1));
      });

  /** log(1 + exp(x)), without overflow. */
  public static final OpDef SOFTPLUS = activation(
      "softplus",
      Attributes.NONE,
      (x, a) -> x > 0 ? x + Math.log1p(Math.exp(-x)) : Math.log1p(Math.exp(x)),
      (x, a) -> x.maximum(0).add(x.abs().neg().exp().log1p()),
      (c, g) -> g.mul(c.input(0).sigmoid()));

  /** x clamped to [-1, 1]. The gradient at the ends is 0. */
  public static final OpDef HARD_TANH = activation(
      "hardTanh",
      Attributes.NONE,
      (x, a) -> Math.min(Math.max(x, -1), 1),
      (x, a) -> x.clamp(-1, 1),
      (c, g) -> c.input(0).abs().less(1).where(g, g.zerosLike()));

  static final List<OpDef> ALL = List.of(RELU, LEAKY_RELU, ELU, GELU, GELU_TANH, SILU, SOFTPLUS, HARD_TANH);

  private interface Value {
    double at(double x, Attributes a);
  }

  private interface Formula {
    Tensor of(Tensor x, Attributes a);
  }

  private interface Slope {
    Tensor vjp(OpDef.Call c, Tensor g);
  }

  /** (1 + tanh(u)) / 2 is sigmoid(2 u), which does not cancel where u is far below 0. */
  private static Tensor geluGate(Tensor x) {
    return x.square().mul(CUBIC).add(1).mul(x).mul(2 * SQRT_2_OVER_PI).sigmoid();
  }

  private static OpDef activation(String name, Attributes attributes, Value value, Formula formula, Slope slope) {
    OpDefBuilder b = OpDef.named(name)
        .type(
            (in, a) -> {
              Types.count(name, in, 1);
              attributes.asMap().keySet().forEach(a::real);
              return Types.elements(name, in.getFirst(), Elements.FLOATING);
            })
        .reference((in, a, out) -> Loops.fill(out, (i, at) -> value.at(in.getFirst().get(at), a)))
        .vjp((c, g) -> Arrays.asList(slope.vjp(c, g)))
        .decomposition((in, a) -> formula.of(in.getFirst(), a))
        .tolerance(Tolerance.TRANSCENDENTAL);
    return b.sample("f32[13]", attributes, new Domain(-5, 5))
        .sample("f32[3,17]", attributes, new Domain(-5, 5))
        .sample("f32[0]", attributes)
        .sample("f64[7,11]", attributes, new Domain(-5, 5))
        .sample("f16[17]", attributes)
        .sample("bf16[3,5]", attributes)
        .build();
  }
}
