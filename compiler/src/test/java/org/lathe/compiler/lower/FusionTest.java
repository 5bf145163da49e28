package org.lathe.compiler.lower;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.lathe.compiler.interp.Oracle;
import org.lathe.compiler.ir.Graph;
import org.lathe.compiler.ir.Literal;
import org.lathe.compiler.op.Convolutions;
import org.lathe.compiler.op.Tensor;
import org.lathe.hal.DType;
import org.lathe.hal.Dims;
import org.lathe.hal.device.Capabilities;
import org.lathe.hal.spec.Contraction;
import org.lathe.hal.spec.KernelSpec;

/** Which kernels known patterns become. */
class FusionTest {

  private static Tensor softmax(Tensor x, int axis) {
    Tensor e = x.sub(x.keepAxes(x.max(axis), axis)).exp();
    return e.div(e.keepAxes(e.sum(axis), axis));
  }

  @Test
  void aChainOfScalarWorkIsOneMap() {
    LoweredGraph g = Programs.check(
        x -> List.of(x.get(0).mul(x.get(1)).add(x.get(0)).tanh().sub(x.get(2))), "f32[13,7]", "f32[7]", "f32[13,1]");
    assertEquals(List.of("Map"), Programs.kinds(g));
  }

  /** As in the norm of all gradients of a model of many parameters. */
  @Test
  void aSumOfManyOperandsIsSeveralKernelsOfFew() {
    String[] operands = new String[207];
    Arrays.fill(operands, "f32[3]");
    LoweredGraph g = Programs.check(x -> List.of(x.stream().reduce(Tensor::add).orElseThrow()), operands);
    List<Integer> inputs = Programs.kernels(g).stream().map(k -> k.inputs().size()).toList();
    assertTrue(inputs.size() < 12 && inputs.stream().allMatch(n -> n <= 26), inputs.toString());
  }

  @Test
  void severalOutputsOfOneSpaceAreOneMap() {
    LoweredGraph g = Programs.check(
        x -> {
          Tensor m = x.get(1).mul(0.9).add(x.get(3).mul(0.1));
          Tensor v = x.get(2).mul(0.99).add(x.get(3).square().mul(0.01));
          return List.of(x.get(0).sub(m.div(v.sqrt().add(1e-3)).mul(0.1)), m, v);
        },
        "f32[33]",
        "f32[33]",
        "f32[33]",
        "f32[33]");
    assertEquals(List.of("Map"), Programs.kinds(g));
  }

  @Test
  void biasAndActivationFollowAProduct() {
    LoweredGraph g = Programs.check(
        x -> List.of(x.get(0).matmul(x.get(1)).add(x.get(2)).tanh()), "f32[5,3]", "f32[3,17]", "f32[17]");
    assertEquals(List.of("Contraction"), Programs.kinds(g));
  }

  @Test
  void aProductOfARankThreeTensorTakesItsBiasToo() {
    LoweredGraph g = Programs.check(
        x -> List.of(x.get(0).matmul(x.get(1)).add(x.get(2)).tanh().add(x.get(3))),
        "f32[2,5,3]",
        "f32[3,17]",
        "f32[17]",
        "f32[2,5,17]");
    assertEquals(List.of("Contraction"), Programs.kinds(g));
  }

  @Test
  void transposedOperandsAreViews() {
    LoweredGraph g = Programs.check(x -> List.of(x.get(0).transpose().matmul(x.get(1).transpose())), "f32[5,3]",
        "f32[7,5]");
    assertEquals(List.of("Contraction"), Programs.kinds(g));
  }

  @Test
  void biasActivationAndResidualFollowAConvolution() {
    LoweredGraph g = Programs.check(
        x -> {
          Tensor y = x.get(0).conv2d(x.get(1), Convolutions.Options.DEFAULT.withPad(1));
          return List.of(y.add(x.get(2).reshape(4, 1, 1)).maximum(0).add(x.get(3)));
        },
        "f32[2,3,6,5]",
        "f32[4,3,3,3]",
        "f32[4]",
        "f32[2,4,6,5]");
    assertEquals(List.of("Convolution"), Programs.kinds(g));
  }

  @Test
  void softmaxIsOneKernel() {
    LoweredGraph g = Programs.check(x -> List.of(softmax(x.get(0), 1)), "f32[5,13]");
    assertEquals(List.of("RowProgram"), Programs.kinds(g));
  }

  @Test
  void softmaxOfRankFourIsOneKernel() {
    LoweredGraph g = Programs.check(x -> List.of(softmax(x.get(0).mul(0.5), 3)), "f32[2,3,4,7]");
    assertEquals(List.of("RowProgram"), Programs.kinds(g));
  }

  @Test
  void softmaxAlongAnotherAxisStillWorks() {
    Programs.check(x -> List.of(softmax(x.get(0), 0)), "f32[5,13]");
  }

  @Test
  void layerNormIsOneKernel() {
    LoweredGraph g = Programs.check(
        x -> {
          Tensor c = x.get(0).sub(x.get(0).keepAxes(x.get(0).mean(2), 2));
          Tensor v = c.square().mean(2);
          Tensor n = c.mul(c.keepAxes(v.add(1e-5).rsqrt(), 2));
          return List.of(n.mul(x.get(1)).add(x.get(2)));
        },
        "f32[3,5,17]",
        "f32[17]",
        "f32[17]");
    assertEquals(List.of("RowProgram"), Programs.kinds(g));
  }

  @Test
  void meanAndMeanOfSquaresShareAKernel() {
    LoweredGraph g = Programs.check(
        x -> List.of(x.get(0).mean(0, 2, 3), x.get(0).square().mean(0, 2, 3)), "f32[4,3,5,6]");
    assertEquals(List.of("Reduce"), Programs.kinds(g));
  }

  @Test
  void crossEntropyAndItsGradientAreOneKernelAndAMean() {
    LoweredGraph g = Programs.check(
        x -> {
          Tensor z = x.get(0);
          Tensor hot = x.get(1).oneHot(7, DType.F32);
          Tensor shifted = z.sub(z.keepAxes(z.max(1), 1));
          Tensor sum = shifted.exp().sum(1);
          Tensor loss = sum.log().sub(hot.mul(shifted).sum(1)).mean(0);
          Tensor p = shifted.exp().div(z.keepAxes(sum, 1));
          return List.of(loss, p.sub(hot).mul(1.0 / 13));
        },
        "f32[13,7]",
        "i32[13]");
    assertEquals(List.of("RowProgram", "Reduce"), Programs.kinds(g));
  }

  @Test
  void partsAreWrittenInPlace() {
    LoweredGraph g = Programs.check(
        x -> List.of(Tensor.concat(1, x.get(0).matmul(x.get(1)), x.get(0).exp(), x.get(0).neg())),
        "f32[5,4]",
        "f32[4,3]");
    assertEquals(3, Programs.kinds(g).size());
  }

  @Test
  void anUpdateFollowsTheGradientsProductInPlace() {
    var graph = Programs.trace(
        x -> {
          Tensor g = x.get(0).transpose().matmul(x.get(1));
          Tensor v = x.get(3).mul(0.9).add(g);
          return List.of(x.get(2).sub(v.mul(0.1)), v);
        },
        "f32[9,5]",
        "f32[9,3]",
        "f32[5,3]",
        "f32[5,3]");
    LoweredGraph g = Programs.check(
        graph,
        Programs.inputs(graph, new Random(3)),
        1e-4,
        new Donation(2, 0),
        new Donation(3, 1));
    assertEquals(List.of("Contraction"), Programs.kinds(g));
  }

  /** Takes products of dense factors only, and no epilogues. */
  private static final Capabilities STRICT = new Capabilities() {
    @Override
    public Set<DType> dtypes() {
      return Set.of(DType.values());
    }

    @Override
    public Optional<String> refuses(KernelSpec spec) {
      boolean plain = !(spec instanceof Contraction c)
          || (c.epilogue().isStore()
              && c.a().isDense(c.batch().append(Dims.of(c.m(), c.k())))
              && c.b().isDense(c.batch().append(Dims.of(c.k(), c.n()))));
      return plain ? Optional.empty() : Optional.of("only plain products");
    }
  };

  @Test
  void whatADeviceRefusesIsNotFused() {
    Graph graph = Programs.trace(
        x -> List.of(x.get(0).transpose().matmul(x.get(1)).add(x.get(2)).tanh()), "f32[3,5]", "f32[3,17]", "f32[17]");
    LoweredGraph lowered = Lowerer.lower(graph, STRICT, List.of());
    assertEquals(List.of("Map", "Contraction", "Map"), Programs.kinds(lowered));
    assertTrue(Programs.kernels(lowered).stream().allMatch(k -> STRICT.refuses(k).isEmpty()));
    List<Literal> inputs = Programs.inputs(graph, new Random(3));
    Literal expected = Oracle.run(graph, inputs).getFirst();
    Literal actual = NaiveDevice.run(lowered, inputs).getFirst();
    for (int i = 0; i < expected.type().size(); i++) {
      assertEquals(expected.get(i), actual.get(i), 1e-5);
    }
  }
}
