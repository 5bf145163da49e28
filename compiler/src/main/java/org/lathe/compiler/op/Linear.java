package org.lathe.compiler.op;

import java.util.Arrays;
import java.util.List;
import org.lathe.compiler.ir.Attributes;
import org.lathe.compiler.ir.Literal;
import org.lathe.compiler.ir.TensorType;
import org.lathe.compiler.op.OpDef.Tolerance;
import org.lathe.compiler.op.Types.Elements;
import org.lathe.hal.Dims;
import org.lathe.hal.spec.Contraction;

/** Matrix products, and the marker that ends the flow of gradients. */
public final class Linear {
  private Linear() {}

  /** Batched: [batch.., m, k] x [batch.., k, n] -> [batch.., m, n]. {@link Tensor#matmul} takes other ranks too. */
  public static final OpDef MATMUL = OpDef.named("matmul")
      .type(Linear::type)
      .reference((in, a, out) -> product(in.get(0), in.get(1), out))
      .vjp(
          (c, g) -> Arrays.asList(
              c.wants(0) ? product(g, c.input(1).transpose()) : null,
              c.wants(1) ? product(c.input(0).transpose(), g) : null))
      .lowering(
          Lowering.Fusable.strided(
              (types, views, a, out, epilogue) -> {
                int r = out.rank();
                return new Contraction(
                    out.shape().slice(0, r - 2),
                    out.dim(r - 2),
                    out.dim(r - 1),
                    types.getFirst().dim(r - 1),
                    views.get(0),
                    views.get(1),
                    epilogue);
              }))
      .tolerance(Tolerance.ACCUMULATION)
      .sample("f32[3,13] f32[13,17]", Attributes.NONE)
      .sample("f32[1,1] f32[1,1]", Attributes.NONE)
      .sample("f32[33,7] f32[7,1]", Attributes.NONE)
      .sample("f32[1,207] f32[207,5]", Attributes.NONE)
      .sample("f32[3,0] f32[0,5]", Attributes.NONE)
      .sample("f32[0,3] f32[3,5]", Attributes.NONE)
      .sample("f32[2,3,5] f32[2,5,7]", Attributes.NONE)
      .sample("f32[2,3,1,5] f32[2,3,5,4]", Attributes.NONE)
      .sample("f64[5,11] f64[11,3]", Attributes.NONE)
      .sample("f16[3,17] f16[17,5]", Attributes.NONE)
      .sample("bf16[3,5] bf16[5,2]", Attributes.NONE)
      .build();

  /** Hands its input through; no gradient flows back. */
  public static final OpDef STOP_GRADIENT = OpDef.named("stopGradient")
      .type(
          (in, a) -> {
            Types.count("stopGradient", in, 1);
            return in.getFirst();
          })
      .references((in, a) -> in)
      .zeroGradient()
      .lowering(new Lowering.Identity())
      .tolerance(Tolerance.EXACT)
      .sample("f32[3,13]", Attributes.NONE)
      .sample("i32[0]", Attributes.NONE)
      .build();

  static final List<OpDef> ALL = List.of(MATMUL, STOP_GRADIENT);

  private static Tensor product(Tensor a, Tensor b) {
    return Tensor.apply(MATMUL, List.of(a, b), Attributes.NONE);
  }

  /**
   * A product as NumPy does it: vectors count as a row on the left and as a column on the right, batch dimensions
   * broadcast. A matrix on the right multiplies all rows of the left at once.
   */
  static Tensor matmul(Tensor a, Tensor b) {
    Types.that(
        a.rank() > 0 && b.rank() > 0, "matmul", a.shape() + " x " + b.shape() + ": a scalar; multiply with mul");
    if (a.rank() == 1) {
      Tensor row = matmul(a.expandDims(0), b);
      return row.squeeze(Math.max(0, row.rank() - 2 + (b.rank() == 1 ? 1 : 0)));
    }
    if (b.rank() == 1) {
      return matmul(a, b.expandDims(1)).squeeze(-1);
    }
    int r = a.rank();
    if (r > 2 && b.rank() == 2 && a.dim(-1) == b.dim(0)) {
      Tensor rows = a.reshape(a.shape().slice(0, r - 1).product(), a.dim(-1));
      return product(rows, b).reshape(a.shape().with(r - 1, b.dim(1)));
    }
    Dims batch = Tensor.broadcastShapes("matmul", a.shape().slice(0, r - 2), b.shape().slice(0, b.rank() - 2));
    return product(
        a.broadcastTo(batch.append(a.shape().slice(r - 2, r))),
        b.broadcastTo(batch.append(b.shape().slice(b.rank() - 2, b.rank()))));
  }

  private static TensorType type(List<TensorType> in, Attributes attributes) {
    Types.count("matmul", in, 2);
    TensorType a = in.get(0);
    TensorType b = in.get(1);
    Types.sameDtype("matmul", a, b);
    Types.elements("matmul", a, Elements.FLOATING);
    String what = a.shape() + " x " + b.shape() + ": ";
    int r = a.rank();
    Types.that(r >= 2 && b.rank() == r, "matmul", what + "ranks must be equal and at least 2");
    Types.that(
        a.dim(r - 1) == b.dim(r - 2),
        "matmul",
        what + "inner dimensions " + a.dim(r - 1) + " and " + b.dim(r - 2) + " differ");
    Types.that(
        a.shape().slice(0, r - 2).equals(b.shape().slice(0, r - 2)), "matmul", what + "batch dimensions differ");
    return a.withShape(a.shape().with(r - 1, b.dim(r - 1)));
  }

  private static Literal product(Literal a, Literal b, TensorType out) {
    int r = out.rank();
    long k = a.type().dim(r - 1);
    return Loops.fill(
        out,
        (i, at) -> {
          long[] left = i.clone();
          long[] right = i.clone();
          double sum = 0;
          for (long p = 0; p < k; p++) {
            left[r - 1] = p;
            right[r - 2] = p;
            sum += a.get(Loops.flat(a.type().shape(), left)) * b.get(Loops.flat(b.type().shape(), right));
          }
          return sum;
        });
  }
}
