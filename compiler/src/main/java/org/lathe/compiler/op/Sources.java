package org.lathe.compiler.op;

import java.util.List;
import org.lathe.compiler.ir.Attributes;
import org.lathe.compiler.ir.Literal;
import org.lathe.compiler.ir.TensorType;
import org.lathe.compiler.op.OpDef.Tolerance;
import org.lathe.compiler.op.Types.Elements;
import org.lathe.hal.DType;
import org.lathe.hal.Dims;

/** Values from nothing. */
public final class Sources {
  private Sources() {}

  /** Attribute {@code value}. */
  public static final OpDef CONSTANT = OpDef.named("constant")
      .type(
          (in, a) -> {
            Types.count("constant", in, 0);
            return a.literal("value").type();
          })
      .references((in, a) -> List.of(a.literal("value")))
      .zeroGradient()
      .lowering(new Lowering.Constant())
      .tolerance(Tolerance.EXACT)
      .sample("", Attributes.of("value", Literal.of(TensorType.of(DType.F32, 3), 1, -0.5, 7)))
      .sample("", Attributes.of("value", Literal.splat(TensorType.of(DType.F32, 3, 13), 0.25)))
      .sample("", Attributes.of("value", Literal.splat(TensorType.of(DType.F32, 0), 1)))
      .sample("", Attributes.of("value", Literal.of(TensorType.of(DType.F64, 2), Double.POSITIVE_INFINITY, -0.0)))
      .sample("", Attributes.of("value", Literal.scalar(DType.BF16, 2.5)))
      .sample("", Attributes.of("value", Literal.of(TensorType.of(DType.I64, 2, 1), -3, 1L << 40)))
      .sample("", Attributes.of("value", Literal.of(TensorType.of(DType.BOOL, 3), 1, 0, 1)))
      .build();

  /** Of attributes {@code dtype} and {@code shape}: each element is its index along attribute {@code axis}. */
  public static final OpDef IOTA = OpDef.named("iota")
      .type(
          (in, a) -> {
            Types.count("iota", in, 0);
            TensorType out = new TensorType(a.dtype("dtype"), a.dims("shape"));
            Types.elements("iota", out, Elements.NUMERIC);
            Types.axis("iota", out, a.integer("axis"));
            return out;
          })
      .reference(
          (in, a, out) -> Loops.fill(
              out, (i, at) -> Loops.cast(i[(int) a.integer("axis")], DType.I64, out.dtype())))
      .zeroGradient()
      .lowering(
          new Lowering.Generator((b, at, a, out) -> b.cast(at.at((int) a.integer("axis")), out.dtype())))
      .tolerance(Tolerance.EXACT)
      .sample("", iota(DType.F32, Dims.of(13), 0))
      .sample("", iota(DType.I32, Dims.of(3, 17), 1))
      .sample("", iota(DType.I64, Dims.of(3, 5, 2), 0))
      .sample("", iota(DType.U8, Dims.of(300), 0))
      .sample("", iota(DType.F16, Dims.of(1, 7), 1))
      .sample("", iota(DType.F64, Dims.of(0, 7), 1))
      .build();

  static final List<OpDef> ALL = List.of(CONSTANT, IOTA);

  static Attributes iota(DType dtype, Dims shape, int axis) {
    return Attributes.of("dtype", dtype, "shape", shape).with("axis", axis);
  }
}
