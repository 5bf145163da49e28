package org.lathe.hal.spec;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.lathe.hal.DType;
import org.lathe.hal.Dims;
import org.lathe.hal.RandomSpecs;
import org.lathe.hal.expr.BinaryOp;
import org.lathe.hal.expr.Combiner;
import org.lathe.hal.expr.Expr;

/** What each kernel's operands hold, and what is refused. */
class SpecTest {
  private static final DType F = DType.F32;

  private static Operand f32(long n) {
    return new Operand(F, n);
  }

  private static View dense(long... dims) {
    return View.dense(F, Dims.of(dims));
  }

  private static Expr add() {
    Expr.Builder b = Expr.builder();
    return b.build(List.of(b.binary(BinaryOp.ADD, b.input(0, F), b.input(1, F))));
  }

  private static Expr id() {
    return Expr.identity(F);
  }

  private static Expr index(int dim) {
    Expr.Builder b = Expr.builder();
    return b.build(List.of(b.cast(b.add(new Expr.Index(dim)), F)));
  }

  private static void illegal(String rule, Executable make) {
    assertEquals("illegal kernel: " + rule, assertThrows(IllegalArgumentException.class, make).getMessage());
  }

  @Test
  void denseViews() {
    assertTrue(dense(2, 3).isDense(Dims.of(2, 3)));
    assertTrue(View.of(F, 99, 1).isDense(Dims.of(1, 3)), "a dimension of one point has any stride");
    assertFalse(View.of(F, 1, 2).isDense(Dims.of(2, 3)));
    assertFalse(new View(F, 1, Dims.of(1), null).isDense(Dims.of(3)));
    assertFalse(new View(F, 0, Dims.of(1), new View.Guard(Dims.of(0), Dims.of(3), 0)).isDense(Dims.of(3)));
    assertEquals(1, View.of(F).span(Dims.of()));
    assertEquals(0, View.of(F, 1).span(Dims.of(0)));
    assertEquals("f32@-1[5,1] in [0,1]..[4,5] else -Infinity",
        new View(F, -1, Dims.of(5, 1), new View.Guard(Dims.of(0, 1), Dims.of(4, 5), Double.NEGATIVE_INFINITY))
            .toString());
    illegal("a guard of rank 1 on an access of rank 2",
        () -> new View(F, 0, Dims.of(1, 1), new View.Guard(Dims.of(0), Dims.of(1), 0)));
    illegal("a guard from [0] to [1,2]", () -> new View.Guard(Dims.of(0), Dims.of(1, 2), 0));
  }

  @Test
  void hugeInterleavedOutputsAreTakenToOverlap() {
    assertTrue(View.of(F, 2, 3).isInjective(Dims.of(3, 2)), "0 2 4 3 5 7");
    assertFalse(View.of(F, 2, 3).isInjective(Dims.of(4, 3)), "6 = 3 * 2 = 2 * 3");
    assertFalse(View.of(F, 0).isInjective(Dims.of(2)));
    assertTrue(View.of(F, 0).isInjective(Dims.of(1)));
    assertTrue(View.of(F, 1L << 40, 1).isInjective(Dims.of(1L << 20, 1L << 40)));
    assertFalse(View.of(F, (1L << 30) + 1, 1L << 30).isInjective(Dims.of(1 << 20, 1 << 20)));
  }

  @Test
  void map() {
    Map m = new Map(Dims.of(4, 5), List.of(dense(4, 5), View.of(F, 0, 1)), add(), List.of(dense(4, 5)));
    assertEquals(List.of(f32(20), f32(5)), m.inputs());
    assertEquals(List.of(f32(20)), m.outputs());
    assertEquals(20, m.operations());
    assertEquals(new Work(20, 100, 80), m.work());
    assertTrue(m.allowsInPlace(0, 0));
    assertFalse(m.allowsInPlace(1, 0));
    Dims s = Dims.of(4);
    illegal("a Map's input has 2 strides in a space of rank 1",
        () -> new Map(s, List.of(dense(2, 2)), id(), List.of(dense(4))));
    illegal("a Map's input f32@2[-1] reaches element -1 over [4]",
        () -> new Map(s, List.of(new View(F, 2, Dims.of(-1), null)), id(), List.of(dense(4))));
    illegal("a Map's output f32@0[0] touches an element twice over [4]",
        () -> new Map(s, List.of(dense(4)), id(), List.of(View.of(F, 0))));
    illegal("a Map's output f32@0[1] in [0]..[4] else 0.0 has a guard", () -> new Map(s, List.of(dense(4)), id(),
        List.of(new View(F, 0, Dims.of(1), new View.Guard(Dims.of(0), Dims.of(4), 0)))));
    illegal("a Map reads input 1 of 1", () -> new Map(s, List.of(dense(4)), add(), List.of(dense(4))));
    illegal("a Map reads input 0 as f32, which is f64",
        () -> new Map(s, List.of(View.of(DType.F64, 1)), id(), List.of(dense(4))));
    illegal("a Map stores result 0 of f32 as f16",
        () -> new Map(s, List.of(dense(4)), id(), List.of(View.of(DType.F16, 1))));
    illegal("a Map has 1 results and 2 outputs",
        () -> new Map(s, List.of(dense(4)), id(), List.of(dense(4), dense(4))));
    illegal("a Map counts along dimension 1 of a space of rank 1",
        () -> new Map(s, List.of(), index(1), List.of(dense(4))));
    illegal("a Map's input with a size of -1", () -> new Map(Dims.of(-1), List.of(dense(4)), id(), List.of(dense(4))));
  }

  @Test
  void reduce() {
    Reduce r = new Reduce(Dims.of(3), Dims.of(5, 7), List.of(dense(3, 5, 7)), id(), List.of(Combiner.SUM),
        List.of(dense(3)), add(), List.of(dense(3)));
    assertEquals(List.of(f32(105), f32(3)), r.inputs());
    assertEquals(List.of(f32(3)), r.outputs());
    assertEquals(105 + 3, r.operations());
    assertFalse(r.allowsInPlace(0, 0));
    assertTrue(r.allowsInPlace(1, 0));
    Expr half = Expr.identity(DType.F16);
    Reduce h = new Reduce(Dims.of(), Dims.of(5), List.of(View.of(DType.F16, 1)), half, List.of(Combiner.SUM), List.of(),
        id(), List.of(View.of(F)));
    assertEquals(F, h.combinedType(0), "halves are summed in f32");
    Reduce arg = new Reduce(Dims.of(), Dims.of(5), List.of(dense(5)), id(), List.of(Combiner.ARGMAX), List.of(),
        Expr.identity(DType.I32),
        List.of(View.of(DType.I32)));
    assertEquals(List.of(new Operand(DType.I32, 1)), arg.outputs());
    illegal("a Reduce has 2 combiners for 1 produced values",
        () -> new Reduce(Dims.of(), Dims.of(5), List.of(dense(5)), id(),
            List.of(Combiner.SUM, Combiner.MAX), List.of(), id(), List.of(View.of(F))));
    illegal("a Reduce combines bool by SUM",
        () -> new Reduce(Dims.of(), Dims.of(5), List.of(View.of(DType.BOOL, 1)), Expr.identity(DType.BOOL),
            List.of(Combiner.SUM), List.of(), Expr.identity(DType.BOOL), List.of(View.of(DType.BOOL))));
    illegal("a Reduce's epilogue reads input 0 as f32, which is i32",
        () -> new Reduce(Dims.of(), Dims.of(5), List.of(dense(5)), id(),
            List.of(Combiner.ARGMIN), List.of(), id(), List.of(View.of(F))));
    illegal("a Reduce counts 4294967296 elements in i32",
        () -> new Reduce(Dims.of(), Dims.of(1L << 32), List.of(View.of(F, 0)), id(),
            List.of(Combiner.ARGMIN), List.of(), id(), List.of(View.of(F))));
  }

  @Test
  void rowProgram() {
    RowProgram.Stage max = new RowProgram.Stage(Combiner.MAX, id());
    RowProgram r = new RowProgram(Dims.of(3), 7, List.of(dense(3, 7)), List.of(max), add(), List.of(dense(3, 7)));
    assertEquals(List.of(f32(21)), r.inputs());
    assertEquals(List.of(f32(21)), r.outputs());
    assertEquals(21 * 2, r.operations());
    assertTrue(r.allowsInPlace(0, 0));
    Expr.Builder b = Expr.builder();
    Expr stage0 = b.build(List.of(b.input(1, F)));
    RowProgram rows = new RowProgram(Dims.of(3), 7, List.of(dense(3, 7)), List.of(max), stage0,
        List.of(View.of(F, 1, 0)));
    assertEquals(List.of(f32(3)), rows.outputs(), "stored once a row");
    illegal("a RowProgram stores result 0 once a row, but it depends on the column",
        () -> new RowProgram(Dims.of(3), 7, List.of(dense(3, 7)), List.of(max), add(), List.of(View.of(F, 1, 0))));
    illegal("a RowProgram stores result 0 once a row, but it depends on the column",
        () -> new RowProgram(Dims.of(3), 7, List.of(), List.of(), index(1), List.of(View.of(F, 1, 0))));
    new RowProgram(Dims.of(3), 7, List.of(View.of(F, 1, 0)), List.of(), id(), List.of(View.of(F, 1, 0)));
    illegal("a RowProgram's stage 0 reads input 1 of 1",
        () -> new RowProgram(Dims.of(3), 7, List.of(dense(3, 7)), List.of(new RowProgram.Stage(Combiner.SUM, stage0)),
            id(), List.of(dense(3, 7))));
    illegal("a RowProgram's output f32@0[0,1] touches an element twice over [3,7]",
        () -> new RowProgram(Dims.of(3), 7, List.of(dense(3, 7)), List.of(), id(), List.of(View.of(F, 0, 1))));
    illegal("a stage with 0 results", () -> new RowProgram.Stage(Combiner.SUM, new Expr(List.of(), List.of())));
  }

  @Test
  void contraction() {
    Epilogue store = Epilogue.store(F, dense(2, 3, 5));
    assertTrue(store.isStore());
    Contraction c = new Contraction(Dims.of(2), 3, 5, 7, View.of(F, 0, 7, 1), View.of(F, 35, 1, 7), store);
    assertEquals(List.of(f32(21), f32(70)), c.inputs());
    assertEquals(List.of(f32(30)), c.outputs());
    assertEquals(2 * 3 * 5 * 2 * 7, c.operations());
    assertFalse(c.allowsInPlace(0, 0));
    Contraction bias = new Contraction(Dims.of(), 3, 5, 0, dense(3, 0), dense(0, 5),
        new Epilogue(add(), List.of(dense(3, 5)), List.of(dense(3, 5))));
    assertEquals(List.of(f32(0), f32(0), f32(15)), bias.inputs());
    assertTrue(bias.allowsInPlace(2, 0));
    Epilogue half = Epilogue.store(F, View.of(DType.F16, 5, 1));
    assertFalse(half.isStore());
    assertEquals(F,
        new Contraction(Dims.of(), 3, 5, 7, View.of(DType.F16, 7, 1), View.of(DType.F16, 5, 1), half).accumulator());
    illegal("a Contraction of f32 and f64",
        () -> new Contraction(Dims.of(), 3, 5, 7, dense(3, 7), View.of(DType.F64, 5, 1), half));
    illegal("an epilogue reads input 0 as f32, which is f64",
        () -> new Contraction(Dims.of(), 3, 5, 7, View.of(DType.F64, 7, 1), View.of(DType.F64, 5, 1), half));
    illegal("an epilogue's output has 3 strides in a space of rank 2",
        () -> new Contraction(Dims.of(), 3, 5, 7, dense(3, 7), dense(7, 5), store));
    illegal("a Contraction's first factor with a size of -7",
        () -> new Contraction(Dims.of(), 3, 5, -7, dense(3, 7), dense(7, 5), half));
  }

  @Test
  void convolution() {
    Convolution.Geometry g = new Convolution.Geometry(2, 6, 9, 9, 4, 5, 5, 3, 3, 2, 2, 1, 1, 1, 1, 2);
    assertEquals(2 * 4 * 25 * 3 * 9, g.multiplyAdds());
    Supplier<Convolution> forward = () -> new Convolution(Convolution.Form.FORWARD, g, dense(2, 6, 9, 9),
        dense(4, 3, 3, 3), Epilogue.store(F, dense(2, 4, 5, 5)));
    assertEquals(List.of(f32(972), f32(108)), forward.get().inputs());
    assertEquals(List.of(f32(200)), forward.get().outputs());
    Convolution data = new Convolution(Convolution.Form.DATA_GRADIENT, g, dense(2, 4, 5, 5), dense(4, 3, 3, 3),
        Epilogue.store(F, dense(2, 6, 9, 9)));
    assertEquals(List.of(f32(200), f32(108)), data.inputs());
    assertEquals(List.of(f32(972)), data.outputs());
    Convolution filters = new Convolution(Convolution.Form.FILTER_GRADIENT, g, dense(2, 6, 9, 9), dense(2, 4, 5, 5),
        Epilogue.store(F, dense(4, 3, 3, 3)));
    assertEquals(List.of(f32(972), f32(200)), filters.inputs());
    assertEquals(List.of(f32(108)), filters.outputs());
    illegal("groups divide channels and filters",
        () -> new Convolution.Geometry(2, 5, 9, 9, 4, 5, 5, 3, 3, 2, 2, 1, 1, 1, 1, 2));
    illegal("a Convolution with a padding of -1, 0",
        () -> new Convolution.Geometry(2, 6, 9, 9, 4, 5, 5, 3, 3, 2, 2, -1, 0, 1, 1, 2));
    illegal("a Convolution with a size of -1",
        () -> new Convolution.Geometry(-1, 6, 9, 9, 4, 5, 5, 3, 3, 2, 2, 1, 1, 1, 1, 2));
    illegal("strides and dilations are positive",
        () -> new Convolution.Geometry(2, 6, 9, 9, 4, 5, 5, 3, 3, 2, 2, 1, 1, 1, 0, 2));
  }

  @Test
  void pooling() {
    assertEquals(List.of(f32(2 * 3 * 16)), pool(Pooling.Kind.MAX, Pooling.Form.FORWARD, F).inputs());
    assertEquals(List.of(f32(2 * 3 * 4)), pool(Pooling.Kind.MAX, Pooling.Form.FORWARD, F).outputs());
    assertEquals(List.of(f32(96), f32(24)), pool(Pooling.Kind.MAX, Pooling.Form.GRADIENT, F).inputs());
    assertEquals(List.of(f32(24)), pool(Pooling.Kind.MEAN, Pooling.Form.GRADIENT, F).inputs());
    assertEquals(List.of(f32(96)), pool(Pooling.Kind.MEAN, Pooling.Form.GRADIENT, F).outputs());
    assertEquals(List.of(f32(96), f32(96)), pool(Pooling.Kind.MAX, Pooling.Form.PICK, F).inputs());
    assertEquals(List.of(f32(24)), pool(Pooling.Kind.MAX, Pooling.Form.PICK, F).outputs());
    illegal("only MAX pooling picks", () -> pool(Pooling.Kind.MEAN, Pooling.Form.PICK, F));
    illegal("a Pooling of i32", () -> pool(Pooling.Kind.MAX, Pooling.Form.FORWARD, DType.I32));
  }

  private static Pooling pool(Pooling.Kind kind, Pooling.Form form, DType type) {
    return Pooling.storing(kind, form, type, 2, 3, 4, 4, 2, 2, 2, 2, 2, 2, 0, 0, false);
  }

  @Test
  void recurrence() {
    // T = 5, B = 2, H = 3
    long sequence = 30;
    long state = 6;
    Recurrence plain = new Recurrence(Recurrence.Cell.PLAIN, Recurrence.Form.FORWARD, F, 5, 2, 3, false);
    assertEquals(List.of(f32(30), f32(9), f32(state)), plain.inputs());
    assertEquals(List.of(f32(sequence)), plain.outputs());
    Recurrence lstm = new Recurrence(Recurrence.Cell.LSTM, Recurrence.Form.FORWARD, F, 5, 2, 3, false);
    assertEquals(List.of(f32(120), f32(36), f32(state), f32(state)), lstm.inputs());
    assertEquals(List.of(f32(sequence), f32(sequence), f32(120)), lstm.outputs());
    Recurrence gru = new Recurrence(Recurrence.Cell.GRU, Recurrence.Form.FORWARD, F, 5, 2, 3, true);
    assertEquals(List.of(f32(90), f32(27), f32(state), f32(9)), gru.inputs());
    assertEquals(List.of(f32(sequence), f32(120)), gru.outputs());
    Recurrence plainBack = new Recurrence(Recurrence.Cell.PLAIN, Recurrence.Form.BACKWARD, F, 5, 2, 3, false);
    assertEquals(List.of(f32(9), f32(state), f32(sequence), f32(sequence)), plainBack.inputs());
    assertEquals(List.of(f32(30), f32(state)), plainBack.outputs());
    Recurrence lstmBack = new Recurrence(Recurrence.Cell.LSTM, Recurrence.Form.BACKWARD, F, 5, 2, 3, false);
    assertEquals(
        List.of(f32(36), f32(state), f32(sequence), f32(state), f32(sequence), f32(120), f32(sequence), f32(state)),
        lstmBack.inputs());
    assertEquals(List.of(f32(120), f32(state), f32(state)), lstmBack.outputs());
    Recurrence gruBack = new Recurrence(Recurrence.Cell.GRU, Recurrence.Form.BACKWARD, F, 5, 2, 3, false);
    assertEquals(List.of(f32(27), f32(state), f32(sequence), f32(120), f32(sequence)), gruBack.inputs());
    assertEquals(List.of(f32(90), f32(90), f32(state)), gruBack.outputs());
    illegal("a Recurrence is of f32 or f64",
        () -> new Recurrence(Recurrence.Cell.GRU, Recurrence.Form.BACKWARD, DType.F16, 5, 2, 3, false));
    illegal("a Recurrence with a size of -5",
        () -> new Recurrence(Recurrence.Cell.GRU, Recurrence.Form.BACKWARD, F, -5, 2, 3, false));
  }

  @Test
  void attention() {
    View q = dense(2, 3, 5, 4);
    View k = dense(2, 3, 7, 4);
    View v = dense(2, 3, 7, 6);
    View out = dense(2, 3, 5, 6);
    View bias = View.of(F, 0, 0, 7, 1);
    Attention forward = new Attention(Attention.Form.FORWARD, 2, 3, 5, 7, 4, 6, false, 0.5, q, k, v, bias, out);
    assertEquals(List.of(f32(120), f32(168), f32(252), f32(35)), forward.inputs());
    assertEquals(List.of(f32(180), f32(30)), forward.outputs());
    Attention backward = new Attention(Attention.Form.BACKWARD, 2, 3, 5, 7, 4, 6, true, 0.5, q, k, v, null, out);
    assertEquals(List.of(f32(120), f32(168), f32(252), f32(180), f32(30), f32(180)), backward.inputs());
    assertEquals(List.of(f32(120), f32(168), f32(252)), backward.outputs());
    View shared = View.of(F, 28, 0, 4, 1);
    new Attention(Attention.Form.FORWARD, 2, 3, 5, 7, 4, 6, false, 0.5, q, shared, v, null, out);
    illegal("an Attention's key gradient f32@0[28,0,4,1] touches an element twice over [2,3,7,4]",
        () -> new Attention(Attention.Form.BACKWARD, 2, 3, 5, 7, 4, 6, false, 0.5, q, shared, v, null, out));
    illegal("an Attention of f32 has an operand of another dtype",
        () -> new Attention(Attention.Form.FORWARD, 2, 3, 5, 7, 4, 6, false, 0.5, q, k,
            View.dense(DType.F64, Dims.of(2, 3, 7, 6)), null, out));
  }

  @Test
  void indexedAndOrdered() {
    Operand count = new Operand(DType.I64, 11);
    Gather gather = new Gather(F, DType.I64, 5, 3, 11);
    assertEquals(List.of(f32(15), count), gather.inputs());
    assertEquals(List.of(f32(33)), gather.outputs());
    assertEquals(List.of(count, f32(33)), new Scatter(Combiner.SUM, false, F, DType.I64, 5, 3, 11).inputs());
    Scatter max = new Scatter(Combiner.MAX, true, F, DType.I64, 5, 3, 11);
    assertEquals(List.of(f32(15), count, f32(33)), max.inputs());
    assertEquals(List.of(f32(15)), max.outputs());
    assertTrue(max.allowsInPlace(0, 0));
    assertFalse(max.allowsInPlace(2, 0));
    assertEquals(List.of(new Operand(DType.I32, 13)), new RandomBits(13).outputs());
    assertEquals(List.of(f32(21), new Operand(DType.I32, 21)), new Sort(F, 3, 7, true).outputs());
    assertEquals(List.of(f32(6), new Operand(DType.I32, 6)), new TopK(F, 3, 7, 2).outputs());
    assertEquals(List.of(f32(30)), new Scan(Combiner.SUM, F, 2, 3, 5, true, false).outputs());
    assertEquals(13, new Copy(13).outputs().getFirst().bytes());
    illegal("indices are i32 or i64, not u8", () -> new Gather(F, DType.U8, 5, 3, 11));
    illegal("a Gather from an empty table", () -> new Gather(F, DType.I32, 0, 3, 11));
    illegal("a Gather with a size of -3", () -> new Gather(F, DType.I32, 1, -3, 11));
    illegal("a Scatter combines by SUM, or with a base by MAX or MIN",
        () -> new Scatter(Combiner.MAX, false, F, DType.I32, 5, 3, 11));
    illegal("TopK of 8 among 7", () -> new TopK(F, 3, 7, 8));
    illegal("a Scan does not combine indices", () -> new Scan(Combiner.ARGMAX, F, 2, 3, 5, true, false));
    illegal("a Scan combines bool by SUM", () -> new Scan(Combiner.SUM, DType.BOOL, 2, 3, 5, true, false));
    illegal("a Copy with a size of -1", () -> new Copy(-1));
    illegal("RandomBits with a size of -1", () -> new RandomBits(-1));
    illegal("a Sort of 4294967296 columns counts them in i32", () -> new Sort(F, 0, 1L << 32, false));
    assertThrows(ArithmeticException.class, () -> new Operand(DType.F64, 1L << 61).bytes());
  }

  @Test
  void aKernelInPlaceHasEqualOperands() {
    RandomSpecs random = new RandomSpecs(System.nanoTime());
    for (int n = 0; n < 1000; n++) {
      KernelSpec spec = random.spec();
      for (int i = 0; i < spec.inputs().size(); i++) {
        for (int j = 0; j < spec.outputs().size(); j++) {
          if (spec.allowsInPlace(i, j)) {
            assertEquals(spec.inputs().get(i), spec.outputs().get(j), spec.toString());
          }
        }
      }
      assertTrue(spec.operations() >= 0);
      assertTrue(spec.work().bytes() >= 0);
    }
  }
}
