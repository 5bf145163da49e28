package org.lathe.compiler.op;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.List;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.lathe.compiler.ir.GraphBuilder;
import org.lathe.compiler.ir.Literal;
import org.lathe.compiler.ir.TypeError;
import org.lathe.hal.DType;
import org.lathe.hal.Dims;

/** The fluent methods: broadcasting, axes, shapes, and what they say when operands do not fit. */
class TensorTest {
  private static String error(Function<GraphBuilder, Tensor> f) {
    return assertThrows(TypeError.class, () -> f.apply(Eval.builder())).getMessage();
  }

  @Test
  void errorsNameTheOpTheShapesAndTheLine() {
    assertEquals(
        "matmul: [3,4] x [5,6]: inner dimensions 4 and 5 differ (Model.java:17)",
        error(b -> Eval.input(b, "f32[3,4]").matmul(Eval.input(b, "f32[5,6]"))));
    assertEquals(
        "add: [2,3] and [4]: dimensions 3 and 4 do not broadcast (Model.java:17)",
        error(b -> Eval.input(b, "f32[2,3]").add(Eval.input(b, "f32[4]"))));
    assertEquals(
        "mul: f32[3] and i32[3]: element types differ; cast one of them (Model.java:17)",
        error(b -> Eval.input(b, "f32[3]").mul(Eval.input(b, "i32[3]"))));
    assertEquals("exp: i32[3]: elements must be floating (Model.java:17)", error(b -> Eval.input(b, "i32[3]").exp()));
    assertEquals(
        "sum: axis 2 of f32[3,4]: the rank is 2 (Model.java:17)", error(b -> Eval.input(b, "f32[3,4]").sum(2)));
    assertEquals(
        "reshape: [2,3] to [4,2]: 6 elements do not make 8 (Model.java:17)",
        error(b -> Eval.input(b, "f32[2,3]").reshape(4, 2)));
    assertEquals(
        "reshape: [2,3] to [4,-1]: 6 elements do not say what -1 is (Model.java:17)",
        error(b -> Eval.input(b, "f32[2,3]").reshape(4, -1)));
    assertEquals(
        "reshape: shape [-2,-3] has a negative dimension (Model.java:17)",
        error(b -> Eval.input(b, "f32[2,3]").reshape(-2, -3)));
    assertEquals(
        "squeeze: [0,3] along axis 1: the dimension is not 1 (Model.java:17)",
        error(b -> Eval.input(b, "f32[0,3]").squeeze(1)));
    assertEquals(
        "split: [7] along axis 0 into 3: 7 is no multiple of it (Model.java:17)",
        error(b -> Eval.input(b, "f32[7]").split(0, 3).getFirst()));
    assertEquals(
        "conv2d: [1,3,5,5] with filters [4,2,3,3]: filters take 2 channels, a group of the data has 3 (Model.java:17)",
        error(b -> Eval.input(b, "f32[1,3,5,5]").conv2d(Eval.input(b, "f32[4,2,3,3]"), Convolutions.Options.DEFAULT)));
    assertEquals(
        "concat: [2,3] and [2,4] along axis 0: the other dimensions differ (Model.java:17)",
        error(b -> Tensor.concat(0, Eval.input(b, "f32[2,3]"), Eval.input(b, "f32[2,4]"))));
  }

  @Test
  void operandsBroadcastAsInNumPy() {
    Literal x = Eval.of("f64[2,1]", 1, 10);
    Literal y = Eval.of("f64[3]", 1, 2, 3);
    assertArrayEquals(new double[]{2, 3, 4, 11, 12, 13}, Eval.values(in -> in.get(0).add(in.get(1)), x, y));
    assertArrayEquals(new double[]{-2, -8.5}, Eval.values(in -> in.get(0).subtractedFrom(1).sub(-2).sub(4), x), 8);
    Literal yes = Eval.of("bool[3]", 1, 0, 1);
    assertArrayEquals(
        new double[]{1, 2, 1, 10, 2, 10},
        Eval.values(in -> in.get(1).where(in.get(0), in.get(0).like(2)), x, yes));
  }

  @Test
  void numbersTakeTheTensorsType() {
    GraphBuilder b = Eval.builder();
    Tensor x = Eval.input(b, "bf16[3]");
    assertEquals(DType.BF16, x.mul(2).dtype());
    assertEquals(DType.BOOL, x.greater(0).dtype());
    assertSame(x, x.cast(DType.BF16));
    assertSame(x, x.reshape(3));
    assertSame(x, x.permute(0));
    assertSame(x, x.slice(0, 0, 3));
  }

  @Test
  void matmulTakesVectorsMatricesAndBatches() {
    GraphBuilder b = Eval.builder();
    assertEquals(Dims.of(), matmul(b, "f32[3]", "f32[3]"));
    assertEquals(Dims.of(4), matmul(b, "f32[3]", "f32[3,4]"));
    assertEquals(Dims.of(2), matmul(b, "f32[2,3]", "f32[3]"));
    assertEquals(Dims.of(5, 2, 4), matmul(b, "f32[5,2,3]", "f32[3,4]"));
    assertEquals(Dims.of(5, 2, 4), matmul(b, "f32[2,3]", "f32[5,3,4]"));
    assertEquals(Dims.of(7, 5, 2, 4), matmul(b, "f32[7,1,2,3]", "f32[5,3,4]"));
    assertEquals(Dims.of(5, 2), matmul(b, "f32[5,2,3]", "f32[3]"));
    assertEquals(Dims.of(5, 4), matmul(b, "f32[3]", "f32[5,3,4]"));
    assertArrayEquals(
        new double[]{5, 11},
        Eval.values(x -> x.get(0).matmul(x.get(1)), Eval.of("f64[2,2]", 1, 2, 3, 4), Eval.of("f64[2]", 1, 2)));
  }

  private static Dims matmul(GraphBuilder b, String x, String y) {
    return Eval.input(b, x).matmul(Eval.input(b, y)).shape();
  }

  @Test
  void shapesMoveAsTheirNamesSay() {
    Literal x = Eval.of("f64[2,3]", 1, 2, 3, 4, 5, 6);
    assertArrayEquals(new double[]{1, 4, 2, 5, 3, 6}, Eval.values(in -> in.get(0).transpose(), x));
    assertArrayEquals(new double[]{3, 2, 1, 6, 5, 4}, Eval.values(in -> in.get(0).reverse(-1), x));
    assertArrayEquals(new double[]{6, 5, 4, 3, 2, 1}, Eval.values(in -> in.get(0).reverse(), x));
    assertArrayEquals(new double[]{3, 6}, Eval.values(in -> in.get(0).at(1, -1), x));
    assertArrayEquals(new double[]{2, 3, 5, 6}, Eval.values(in -> in.get(0).slice(-1, 1, 3), x));
    assertArrayEquals(
        new double[]{1, 3},
        Eval.values(in -> in.get(0).slice(Dims.of(0, 0), Dims.of(1, 3), Dims.of(1, 2)), x));
    assertArrayEquals(
        new double[]{9, 1, 2, 3, 9, 4, 5, 6},
        Eval.values(in -> in.get(0).pad(Dims.of(0, 1), Dims.of(0, 0), 9), x));
    assertArrayEquals(
        new double[]{1, 2, 3, 4, 5, 6, 1, 2, 3, 4, 5, 6},
        Eval.values(in -> Tensor.stack(0, List.of(in.get(0), in.get(0))), x));
    GraphBuilder b = Eval.builder();
    Tensor t = Eval.input(b, "f32[2,3,5,7]");
    assertEquals(Dims.of(2, 105), t.flatten(1).shape());
    assertEquals(Dims.of(2, 3, 35), t.reshape(2, 3, -1).shape());
    assertEquals(Dims.of(7, 2, 3, 5), t.moveAxis(-1, 0).shape());
    assertEquals(Dims.of(2, 1, 5, 1), t.keepAxes(t.max(1, 3), 1, 3).shape());
    assertEquals(Dims.of(2, 3, 5, 7, 1), t.expandDims(-1).shape());
    assertEquals(Dims.of(5, 7), t.at(0, 0).at(0, 2).shape());
  }

  @Test
  void reductionsTakeAllAxesWhereNoneIsNamed() {
    Literal x = Eval.of("f64[2,3]", 1, 2, 3, 4, 5, 9);
    assertArrayEquals(new double[]{24}, Eval.values(in -> in.get(0).sum(), x));
    assertArrayEquals(new double[]{2, 6}, Eval.values(in -> in.get(0).mean(-1), x));
    assertArrayEquals(new double[]{4, 10, 27}, Eval.values(in -> in.get(0).product(0), x));
    assertArrayEquals(new double[]{2.0 / 3, 14.0 / 3}, Eval.values(in -> in.get(0).variance(1), x), 1e-15);
    assertArrayEquals(new double[]{2, 2}, Eval.values(in -> in.get(0).argMax(1), x));
    assertArrayEquals(new double[]{1, 3, 6, 4, 9, 18}, Eval.values(in -> in.get(0).cumulativeSum(1), x));
  }

  @Test
  void indicesChooseRowsAndElements() {
    Literal table = Eval.of("f64[3,2]", 1, 2, 3, 4, 5, 6);
    Literal rows = Eval.of("i32[4]", 2, 0, -5, 9);
    assertArrayEquals(new double[]{5, 6, 1, 2, 1, 2, 5, 6},
        Eval.values(in -> in.get(0).gather(in.get(1)), table, rows));
    Literal along = Eval.of("i32[3,1]", 1, 0, 7);
    assertArrayEquals(new double[]{2, 3, 6}, Eval.values(in -> in.get(0).takeAlongLast(in.get(1)), table, along));
    assertArrayEquals(
        new double[]{0, 0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0},
        Eval.values(in -> in.get(0).oneHot(3, DType.F64), rows));
  }
}
