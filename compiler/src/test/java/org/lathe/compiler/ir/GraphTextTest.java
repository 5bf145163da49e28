package org.lathe.compiler.ir;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.lathe.hal.DType;
import org.lathe.hal.Dims;

class GraphTextTest {
  /** Gives {@code outputs} copies of its first operand's type, or {@code f32[]}. */
  private record TestOp(String name, int outputs) implements Op {
    @Override
    public List<TensorType> infer(List<TensorType> inputs, Attributes attributes) {
      if (attributes.has("refuse")) {
        throw new TypeError(name + ": refused");
      }
      return java.util.Collections.nCopies(outputs, inputs.isEmpty() ? TensorType.of(DType.F32) : inputs.getFirst());
    }
  }

  private static final Op ONE = new TestOp("one", 1);
  private static final Op TWO = new TestOp("two", 2);

  private static @Nullable Op byName(String name) {
    return List.of(ONE, TWO).stream().filter(o -> o.name().equals(name)).findFirst().orElse(null);
  }

  private static Graph sample() {
    GraphBuilder body = new GraphBuilder("the \"body\"\n");
    Value c = body.input("carry", TensorType.of(DType.F64, 0, 7));
    Graph nested = body.build(List.of(body.append(ONE, List.of(c), Attributes.of("k", -3)).output(), c));

    GraphBuilder b = new GraphBuilder("sample", () -> new SourceLine("My Model.java", 17));
    Value x = b.input("x", TensorType.of(DType.F32, 2, 3));
    Value w = b.input("w\\", TensorType.of(DType.BOOL));
    Attributes all = Attributes.of("integer", Long.MIN_VALUE)
        .with("real", -0.0).with("nan", Double.NaN).with("infinite", Double.NEGATIVE_INFINITY).with("small", 1e-300)
        .with("flag", true).with("text", "a \"quoted\" \\ line\n").with("dims", Dims.of(1, -2)).with("none", Dims.of())
        .with("dtype", DType.BF16).with("literal", Literal.of(TensorType.of(DType.F32, 3), 1, Double.NaN, -0.0))
        .with("splat", Literal.splat(TensorType.of(DType.I64, 3, 3), 7))
        .with("empty", Literal.of(TensorType.of(DType.U8, 0)))
        .with("body", nested);
    Node two = b.append(TWO, List.of(x, w), all);
    Node one = b.append(ONE, List.of(two.output(1)), Attributes.NONE);
    return b.build(List.of(one.output(), two.output(0), x));
  }

  @Test
  void everythingComesBack() {
    Graph graph = sample();
    String text = GraphText.print(graph);
    Graph back = GraphText.parse(text, GraphTextTest::byName);
    assertEquals(text, GraphText.print(back));
    GraphVerifier.verify(back, "parsing");
    Attributes before = graph.nodes().get(2).attributes();
    Attributes after = back.nodes().get(2).attributes();
    before.asMap().forEach((k, v) -> {
      if (!(v instanceof Graph)) {
        assertEquals(v, after.asMap().get(k), k);
      }
    });
    assertEquals(new SourceLine("My Model.java", 17), back.nodes().getLast().source());
  }

  @Test
  void inputsMayBeListedInAnyOrder() {
    Graph g = sample();
    Graph swapped = new Graph(g.name(), List.of(g.inputs().get(1), g.inputs().get(0)), g.nodes(), g.outputs());
    Graph back = GraphText.parse(GraphText.print(swapped), GraphTextTest::byName);
    assertEquals(swapped.inputTypes(), back.inputTypes());
  }

  @Test
  void nodesAreNumberedByPlace() {
    GraphBuilder b = new GraphBuilder("g");
    b.input("unused", TensorType.of(DType.F32));
    Value x = b.input("x", TensorType.of(DType.F32));
    Graph g = b.build(List.of(x));
    Graph without = new Graph("g", List.of(x.node()), List.of(x.node()), g.outputs());
    assertEquals("graph \"g\"(%0) {\n  %0: f32[] = input \"x\"\n  return %0\n}\n", GraphText.print(without));
  }

  @Test
  void hashesIgnoreTheUsersLines() {
    GraphBuilder a = new GraphBuilder("g");
    GraphBuilder b = new GraphBuilder("g", () -> new SourceLine("A.java", 1));
    Graph plain = a.build(List.of(a.input("x", TensorType.of(DType.F32))));
    Graph lines = b.build(List.of(b.input("x", TensorType.of(DType.F32))));
    Graph other = new GraphBuilder("g").build(List.of());
    assertEquals(GraphHash.of(plain), GraphHash.of(lines));
    assertNotEquals(GraphHash.of(plain), GraphHash.of(other));
  }

  @Test
  void shortStyleHidesLongLiterals() {
    GraphBuilder b = new GraphBuilder("g");
    Literal l = Literal.adopt(TensorType.of(DType.F32, 100), new double[100]);
    Graph g = b.build(List.of(b.append(ONE, List.of(), Attributes.of("value", l)).output()));
    assertTrue(GraphText.print(g, GraphText.Style.SHORT).contains("literal f32[100] {100 elements, hash"));
  }

  @Test
  void syntaxErrorsNameThePlace() {
    check("graph \"g\"() {\n  %0: f32[] = three()\n  return\n}", "line 2, column 20: no op is named 'three'");
    check("graph \"g\"() {\n  return %0\n}", "line 2, column 12: %0 is used before it is defined");
    check("graph \"g\"() {\n  %0: f32[1] = one()\n  return\n}", "%0 is said to be [f32[1]], but one gives [f32[]]");
    check("graph \"g\"() {\n  %0: f32[] = one() {refuse=true}\n  return\n}", "%0: one: refused");
    check("graph \"g\"() {\n  %0: f31[] = one()\n  return\n}", "no dtype is named 'f31'");
    check("graph \"g\"() {\n  %0: f32[] = one()\n  return %0.1\n}", "%0 has 1 outputs, found .1");
    check("graph \"g", "a string is not closed");
    check("graph \"g\"() { return } more", "expected the end of the text");
    check("", "expected 'graph', found the end of the text");
  }

  private static void check(String text, String message) {
    GraphSyntaxError e = assertThrows(GraphSyntaxError.class, () -> GraphText.parse(text, GraphTextTest::byName));
    assertTrue(String.valueOf(e.getMessage()).contains(message), e.getMessage());
  }

  @Test
  void illegalGraphsAreShownAroundTheFault() {
    GraphBuilder b = new GraphBuilder("g");
    Value x = b.input("x", TensorType.of(DType.F32));
    Node one = b.append(ONE, List.of(x), Attributes.NONE);
    Node two = b.append(TWO, List.of(one.output()), Attributes.NONE);
    Graph g = b.build(List.of(two.output(0)));
    GraphVerifier.verify(g, "tracing");
    illegal(new Graph("g", g.inputs(), List.of(x.node(), two, one), g.outputs()),
        "operands are outputs of nodes before it");
    illegal(new Graph("g", g.inputs(), List.of(x.node(), one, one), g.outputs()), "a node stands once in its graph");
    illegal(new Graph("g", List.of(), g.nodes(), g.outputs()), "a graph lists all of its inputs");
    illegal(new Graph("g", List.of(x.node(), x.node()), g.nodes(), g.outputs()),
        "inputs are distinct input nodes of the graph");
    illegal(new Graph("g", g.inputs(), g.nodes(), List.of(new Value(two, 2))), "results are outputs of its nodes");
    Node lying = new Node(9, ONE, List.of(x), Attributes.NONE, List.of(TensorType.of(DType.F32, 1)), null);
    illegal(new Graph("g", g.inputs(), List.of(x.node(), lying), List.of()), "types are what the op infers");
    Node early = new Node(0, ONE, List.of(x), Attributes.NONE, x.node().types(), null);
    illegal(new Graph("g", g.inputs(), List.of(x.node(), early), List.of()), "ids rise");
    Graph bad = new Graph("body", List.of(), g.nodes(), List.of());
    Node holder = new Node(9, ONE, List.of(x), Attributes.of("body", bad), x.node().types(), null);
    illegal(new Graph("g", g.inputs(), List.of(x.node(), holder), List.of()), "nested graphs are legal");
  }

  private static void illegal(Graph graph, String rule) {
    IllegalGraph e = assertThrows(IllegalGraph.class, () -> GraphVerifier.verify(graph, "pass 'broken'"));
    assertEquals(rule, e.rule());
    assertTrue(String.valueOf(e.getMessage()).contains("after pass 'broken'"), e.getMessage());
  }
}
