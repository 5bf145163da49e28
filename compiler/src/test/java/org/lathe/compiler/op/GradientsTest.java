package org.lathe.compiler.op;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.lathe.compiler.ir.Attributes;
import org.lathe.compiler.ir.Graph;
import org.lathe.compiler.ir.GraphBuilder;
import org.lathe.compiler.ir.Literal;
import org.lathe.compiler.ir.Node;
import org.lathe.compiler.ir.SourceLine;
import org.lathe.hal.DType;
import org.lathe.hal.Dims;

class GradientsTest {
  private static final Literal X = Eval.vector(0.5, -1.5, 2);

  @Test
  void gradientsOfGradientsAreTheSameCall() {
    double[] third = Eval.values(
        in -> {
          Tensor x = in.getFirst();
          Tensor g = x.mul(x.square()).mul(x).sum();
          for (int i = 0; i < 3; i++) {
            g = Gradients.gradient(g, x).sum();
          }
          return Gradients.gradient(g, x);
        },
        X);
    assertArrayEquals(new double[]{24, 24, 24}, third, 1e-12);
  }

  @Test
  void whatTheLossDoesNotReachGetsZeros() {
    List<Literal> found = Eval.all(
        in -> Gradients.gradients(in.get(0).add(in.get(1).stopGradient()).sum(), in),
        X,
        Eval.vector(1, 2, 3),
        Eval.of("f32[2,2]", 1));
    assertArrayEquals(new double[]{1, 1, 1}, found.get(0).toArray());
    assertArrayEquals(new double[]{0, 0, 0}, found.get(1).toArray());
    assertArrayEquals(new double[]{0, 0, 0, 0}, found.get(2).toArray());
  }

  @Test
  void intermediatesCountAsInputsToo() {
    List<Literal> found = Eval.all(
        in -> {
          Tensor x = in.getFirst();
          Tensor y = x.square();
          return Gradients.gradients(y.mul(x).sum(), List.of(x, y, x));
        },
        X);
    assertArrayEquals(new double[]{0.75, 6.75, 12}, found.get(0).toArray(), 1e-12);
    assertArrayEquals(X.toArray(), found.get(1).toArray());
    assertEquals(found.get(0), found.get(2));
  }

  @Test
  void anInputTwiceInACompositeCountsOnceForEach() {
    Literal x = Eval.of("f64[1,1,2,2]", 0.3, -0.2, 0.5, 0.9);
    List<Literal> found = Eval.all(
        in -> {
          Tensor a = in.getFirst();
          Tensor same = Attentions.attention(a, a, a, null, false).square().sum();
          Tensor b = a.add(0);
          Tensor c = a.mul(1);
          Tensor apart = Attentions.attention(a, b, c, null, false).square().sum();
          Tensor second = Gradients.gradient(Gradients.gradient(same, a).square().sum(), a);
          Tensor secondApart = Gradients.gradient(Gradients.gradient(apart, a).square().sum(), a);
          return List.of(Gradients.gradient(same, a), Gradients.gradient(apart, a), second, secondApart);
        },
        x);
    assertArrayEquals(found.get(1).toArray(), found.get(0).toArray(), 1e-12);
    assertArrayEquals(found.get(3).toArray(), found.get(2).toArray(), 1e-12);
  }

  @Test
  void theLastCellOfAnLstmTakesTheKernelAndAnyOtherCellTheSteps() {
    for (boolean reverse : new boolean[]{false, true}) {
      assertEquals(1, lstmGradients(reverse, true));
      assertEquals(0, lstmGradients(reverse, false));
    }
  }

  private static long lstmGradients(boolean reverse, boolean last) {
    GraphBuilder b = Eval.builder();
    Tensor projected = Eval.input(b, "f32[3,2,8]");
    List<Tensor> in = List.of(projected, Eval.input(b, "f32[2,8]"), Eval.input(b, "f32[2,2]"),
        Eval.input(b, "f32[2,2]"));
    List<Tensor> out = Tensor.applyAll(Recurrences.LSTM_SEQUENCE, in, Attributes.of("reverse", reverse));
    Tensor cell = last ? Recurrences.last(out.get(1), reverse) : out.get(1).at(0, 1);
    Tensor loss = out.get(0).sum().add(cell.square().sum());
    Gradients.gradients(loss, in);
    return b.build(List.of()).nodes().stream().filter(n -> n.is(Recurrences.LSTM_SEQUENCE_GRADIENT)).count();
  }

  @Test
  void tiesShareTheGradient() {
    Literal x = Eval.vector(3, 1, 3, 3);
    double third = 1.0 / 3;
    assertArrayEquals(
        new double[]{third, 0, third, third},
        Eval.values(in -> Gradients.gradient(in.getFirst().max(), in.getFirst()), x),
        1e-15);
    assertArrayEquals(
        new double[]{0, 0.5},
        Eval.values(in -> Gradients.gradient(in.getFirst().maximum(0).sum(), in.getFirst()), Eval.vector(-1, 0)));
    assertArrayEquals(
        new double[]{0, 0},
        Eval.values(in -> Gradients.gradient(in.getFirst().relu().sum(), in.getFirst()), Eval.vector(-1, 0)));
  }

  @Test
  void productsWithZerosKeepExactGradients() {
    Literal x = Eval.vector(2, 0, 3);
    assertArrayEquals(
        new double[]{0, 6, 0}, Eval.values(in -> Gradients.gradient(in.getFirst().product(), in.getFirst()), x));
    assertArrayEquals(
        new double[]{1, 8, 0},
        Eval.values(
            in -> Gradients.gradient(
                Cumulative.apply(Cumulative.PRODUCT, in.getFirst(), 0, false, false).sum(), in.getFirst()),
            x));
  }

  @Test
  void workThatNobodyNeedsIsNotAppended() {
    GraphBuilder b = Eval.builder();
    Tensor x = Eval.input(b, "f32[3,4]");
    Tensor w = Eval.input(b, "f32[4,5]");
    Tensor unrelated = w.exp().log();
    Tensor loss = x.matmul(w).add(unrelated.sum()).sum();
    int forward = b.size();
    Gradients.gradients(loss, List.of(x));
    List<Node> backward = b.build(List.of()).nodes().subList(forward, b.size());
    assertEquals(1, backward.stream().filter(n -> n.is(Linear.MATMUL)).count());
    assertTrue(backward.stream().noneMatch(n -> n.is(Elementwise.DIV) || n.is(Elementwise.EXP)));
  }

  @Test
  void backwardNodesCarryTheForwardLine() {
    int[] line = {1};
    GraphBuilder b = new GraphBuilder("lines", () -> new SourceLine("Model.java", line[0]));
    Tensor x = Eval.input(b, "f32[3]");
    line[0] = 2;
    Tensor y = x.exp();
    line[0] = 3;
    Tensor loss = y.sum();
    line[0] = 9;
    Tensor g = Gradients.gradient(loss, x);
    assertEquals(new SourceLine("Model.java", 2), g.value().node().source());
    Graph graph = b.build(List.of(g.value()));
    assertFalse(graph.nodes().stream().allMatch(n -> new SourceLine("Model.java", 9).equals(n.source())));
  }

  @Test
  void errorsSayWhatWasAsked() {
    GraphBuilder b = Eval.builder();
    Tensor x = Eval.input(b, "f32[3]");
    Tensor i = Eval.input(b, "i32[3]");
    assertEquals(
        "the gradient of f32[3] was asked for: a loss is one floating number; reduce it with sum or mean (Model.java:17)",
        assertThrows(NotDifferentiable.class, () -> Gradients.gradient(x.exp(), x)).getMessage());
    assertThrows(NotDifferentiable.class, () -> Gradients.gradient(i.sum(), x));
    assertEquals(
        "the gradient with respect to i32[3] was asked for: only floating values have one (Model.java:17)",
        assertThrows(NotDifferentiable.class, () -> Gradients.gradient(x.sum(), i)).getMessage());
    OpDef opaque = OpDef.named("opaque")
        .type((in, a) -> in.getFirst())
        .references((in, a) -> in)
        .noGradient("it is opaque")
        .noLowering("it is a test")
        .build();
    Tensor through = Tensor.apply(opaque, List.of(x), Attributes.NONE);
    assertEquals(
        "opaque has no gradient: it is opaque (Model.java:17)",
        assertThrows(NotDifferentiable.class, () -> Gradients.gradient(through.sum(), x)).getMessage());
    assertThrows(IllegalArgumentException.class, () -> Gradients.vjp(List.of(x), List.of(x.sum()), List.of(x)));
  }

  @Test
  void aRuleThatIsLeftOutIsAnError() {
    IllegalStateException e = assertThrows(
        IllegalStateException.class, () -> OpDef.named("bare").type((in, a) -> in.getFirst()).build());
    assertEquals("op 'bare' has no reference", e.getMessage());
  }

  @Test
  void longChainsDoNotOverflowTheStack() {
    double[] g = Eval.values(
        in -> {
          Tensor y = in.getFirst();
          for (int k = 0; k < 20_000; k++) {
            y = y.neg();
          }
          return Gradients.gradient(y.sum(), in.getFirst());
        },
        Eval.vector(1, 2));
    assertArrayEquals(new double[]{1, 1}, g);
  }

  @Test
  void castsPassGradientsBetweenFloatingTypesOnly() {
    GraphBuilder b = Eval.builder();
    Tensor x = Eval.input(b, "f16[3]");
    assertEquals(x.type(), Gradients.gradient(x.cast(DType.F32).square().sum(), x).type());
    Tensor viaIntegers = x.cast(DType.I32).cast(DType.F32).sum();
    Tensor zero = Gradients.gradient(viaIntegers, x);
    assertTrue(zero.value().node().is(Sources.CONSTANT));
    assertEquals(Dims.of(3), zero.shape());
  }
}
