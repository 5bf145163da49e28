package org.lathe.compiler.pass;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.fail;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.lathe.compiler.interp.Oracle;
import org.lathe.compiler.ir.Graph;
import org.lathe.compiler.ir.InputOp;
import org.lathe.compiler.ir.Literal;
import org.lathe.compiler.ir.TensorType;
import org.lathe.compiler.lower.RandomGraphs;
import org.lathe.compiler.op.OpDef;
import org.lathe.compiler.op.Ops;
import org.lathe.compiler.op.Tensor;
import org.lathe.compiler.trace.Tracer;
import org.lathe.hal.DType;
import org.lathe.hal.device.Capabilities;
import org.lathe.hal.spec.KernelSpec;

/** Every pass: the graph before and the graph after give the same values, by the oracle. */
class PipelineTest {
  private static final Capabilities EVERYTHING = new Capabilities() {
    @Override
    public Set<DType> dtypes() {
      return Set.of(DType.values());
    }

    @Override
    public Optional<String> refuses(KernelSpec spec) {
      return Optional.empty();
    }
  };

  private static final Capabilities NO_COMPOSITES = new Capabilities() {
    @Override
    public Set<DType> dtypes() {
      return Set.of(DType.values());
    }

    @Override
    public Optional<String> refuses(KernelSpec spec) {
      return Optional.of("a test refuses it");
    }
  };

  private static Graph trace(Function<List<Tensor>, List<Tensor>> f, String... types) {
    List<TensorType> parsed = List.of(types).stream().map(TensorType::parse).toList();
    List<String> names = new ArrayList<>();
    for (int i = 0; i < types.length; i++) {
      names.add("x" + i);
    }
    return Tracer.trace("test", names, parsed, f);
  }

  private static Graph run(Graph graph) {
    return Pipeline.standard(EVERYTHING).run(graph, PassObserver.NONE);
  }

  private static List<String> ops(Graph g) {
    return g.nodes().stream().filter(n -> !n.is(InputOp.INSTANCE)).map(n -> n.op().name()).toList();
  }

  private static Literal random(TensorType type, OpDef.Domain domain, Random random) {
    double[] data = new double[Math.toIntExact(type.size())];
    for (int i = 0; i < data.length; i++) {
      double x = domain.low() + random.nextDouble() * (domain.high() - domain.low());
      data[i] = type.dtype().isFloating() ? x : type.dtype() == DType.U8 ? Math.abs(Math.round(x)) : Math.round(x);
    }
    return Literal.of(type, data);
  }

  /** Runs the pipeline and compares all values that each pass was given with those it gave. */
  private static void compareEachPass(Graph graph, List<Literal> inputs, Capabilities capabilities) {
    Pipeline.standard(capabilities)
        .run(
            graph,
            (pass, before, after, nanos) -> {
              assertEquals(before.inputTypes(), after.inputTypes(), pass.name());
              assertEquals(before.outputTypes(), after.outputTypes(), pass.name());
              if (before != after) {
                same(pass.name(), Oracle.run(before, inputs), Oracle.run(after, inputs));
              }
            });
  }

  private static void same(String what, List<Literal> expected, List<Literal> actual) {
    for (int o = 0; o < expected.size(); o++) {
      for (long i = 0; i < expected.get(o).type().size(); i++) {
        double e = expected.get(o).get(i);
        double a = actual.get(o).get(i);
        if (Double.compare(e, a) != 0 && !(Math.abs(e - a) <= 1e-9 * (1 + Math.abs(e)))) {
          fail(what + ": output " + o + " element " + i + ": " + e + " became " + a);
        }
      }
    }
  }

  @Test
  void randomGraphsKeepTheirValues() {
    for (long seed = 1000; seed < 1150; seed++) {
      Random random = new Random(seed);
      Graph graph = RandomGraphs.graph(seed, 20);
      List<Literal> inputs = graph.inputTypes().stream().map(t -> random(t, OpDef.Domain.of(t.dtype()), random))
          .toList();
      compareEachPass(graph, inputs, seed % 2 == 0 ? EVERYTHING : NO_COMPOSITES);
    }
  }

  @Test
  void everyOpKeepsItsValues() {
    for (OpDef op : Ops.all()) {
      for (OpDef.Sample sample : op.samples()) {
        Random random = new Random(5);
        List<Literal> inputs = new ArrayList<>();
        for (int i = 0; i < sample.inputs().size(); i++) {
          inputs.add(random(sample.inputs().get(i), sample.domains().get(i), random));
        }
        var b = new org.lathe.compiler.ir.GraphBuilder(op.name());
        var node = b.append(
            op,
            sample.inputs().stream().map(t -> b.input("x" + b.size(), t)).toList(),
            sample.attributes());
        Graph graph = b.build(Rewriter.outputs(node));
        compareEachPass(graph, inputs, NO_COMPOSITES);
        compareEachPass(graph, inputs, EVERYTHING);
      }
    }
  }

  @Test
  void specialValuesSurvive() {
    double[] special = {
        0.0, -0.0, 1, -1, Double.NaN, Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY, Double.MIN_VALUE, 1e300
    };
    Graph graph = trace(
        in -> {
          Tensor x = in.getFirst();
          return List.of(
              x.add(0.0),
              x.add(-0.0),
              x.sub(0.0),
              x.mul(1),
              x.mul(-1),
              x.mul(0),
              x.div(1),
              x.div(-1),
              x.sub(x),
              x.neg().neg(),
              x.pow(x.like(3)),
              x.pow(x.like(-1)),
              x.pow(x.like(0)),
              x.sqrt().reciprocal(),
              x.add(x.mul(2).neg()),
              x.neg().add(x.abs()),
              x.maximum(x),
              x.cast(DType.F32).cast(DType.F64),
              x.cast(DType.F64).cast(DType.F64),
              x.isNan().not().not().cast(DType.F32).cast(DType.F64),
              x.neg().exp().add(1).reciprocal(),
              x.add(1).log(),
              x.exp().sub(1));
        },
        "f64[" + special.length + "]");
    List<Literal> inputs = List.of(Literal.of(TensorType.of(DType.F64, special.length), special));
    compareEachPass(graph, inputs, EVERYTHING);
  }

  @Test
  void equalWorkIsDoneOnce() {
    Graph g = run(trace(in -> List.of(in.get(0).tanh().add(in.get(0).tanh())), "f32[3]"));
    assertEquals(List.of("tanh", "add"), ops(g));
  }

  @Test
  void whatNobodyNeedsGoesButInputsStay() {
    Graph g = run(trace(
        in -> {
          in.get(1).exp();
          return List.of(in.get(0).sin());
        },
        "f32[3]",
        "f32[5]"));
    assertEquals(List.of("sin"), ops(g));
    assertEquals(2, g.inputs().size());
  }

  @Test
  void constantsFoldIntoOneElement() {
    Graph g = run(trace(
        in -> List.of(in.get(0).mul(in.get(0).like(2).exp().add(1).broadcastTo(1000, 1000, 3))), "f32[3]"));
    assertEquals(List.of("broadcast", "constant", "mul"), ops(g).stream().sorted().toList());
  }

  @Test
  void movementsCompose() {
    Graph g = run(trace(in -> List.of(in.get(0).transpose().transpose().reshape(6).reshape(2, 3)), "f32[2,3]"));
    assertEquals(List.of(), ops(g));
  }

  @Test
  void aSigmoidIsRecognised() {
    Graph g = run(trace(in -> List.of(in.get(0).neg().exp().add(1).reciprocal()), "f32[2,3]"));
    assertEquals(List.of("sigmoid"), ops(g));
  }

  @Test
  void attentionIsRecognised() {
    Graph g = trace(
        in -> {
          Tensor scores = in.get(0).matmul(in.get(1).transpose()).mul(0.5);
          Tensor written = scores.softmax(-1).matmul(in.get(2));
          Tensor other = in.get(0).sin().matmul(in.get(1).permute(0, 1, 3, 2)).div(3).softmax(3).matmul(in.get(2));
          return List.of(written, other);
        },
        "f32[2,3,5,4]",
        "f32[2,3,7,4]",
        "f32[2,3,7,6]");
    assertEquals(List.of("attention", "attention"), ops(run(g)).stream().filter("attention"::equals).toList());
    Random random = new Random(9);
    List<Literal> inputs = g.inputTypes().stream().map(t -> random(t, OpDef.Domain.REAL, random)).toList();
    compareEachPass(g, inputs, EVERYTHING);
    compareEachPass(g, inputs, NO_COMPOSITES);
  }

  @Test
  void scoresThatAreUsedElsewhereStay() {
    Graph g = run(trace(
        in -> {
          Tensor p = in.get(0).matmul(in.get(1).transpose()).softmax(-1);
          return List.of(p.matmul(in.get(2)), p);
        },
        "f32[3,5,4]",
        "f32[3,7,4]",
        "f32[3,7,6]"));
    assertEquals(0, ops(g).stream().filter("attention"::equals).count());
  }

  @Test
  void attentionOfRankThreeIsRecognised() {
    Graph g = trace(
        in -> List.of(in.get(0).matmul(in.get(1)).softmax(-1).matmul(in.get(2))), "f64[3,5,4]", "f64[3,4,7]",
        "f64[3,7,6]");
    assertEquals(1, ops(run(g)).stream().filter("attention"::equals).count());
    Random random = new Random(9);
    compareEachPass(
        g, g.inputTypes().stream().map(t -> random(t, OpDef.Domain.REAL, random)).toList(), EVERYTHING);
  }

  @Test
  void nothingToDoGivesTheSameGraph() {
    Graph g = trace(in -> List.of(in.get(0).matmul(in.get(1)).tanh()), "f32[2,3]", "f32[3,4]");
    assertSame(g, run(g));
  }

  @Test
  void sourceLinesSurvive() {
    Graph g = trace(in -> List.of(in.get(0).neg().exp().add(1).reciprocal()), "f32[2,3]");
    assertEquals(g.nodes().getLast().source(), run(g).nodes().getLast().source());
  }
}
