package org.lathe.backends.aparapi;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.lathe.hal.DType;
import org.lathe.hal.Dims;
import org.lathe.hal.expr.BinaryOp;
import org.lathe.hal.expr.Combiner;
import org.lathe.hal.expr.Expr;
import org.lathe.hal.expr.UnaryOp;
import org.lathe.hal.spec.Attention;
import org.lathe.hal.spec.Contraction;
import org.lathe.hal.spec.Convolution;
import org.lathe.hal.spec.Copy;
import org.lathe.hal.spec.Epilogue;
import org.lathe.hal.spec.Gather;
import org.lathe.hal.spec.KernelSpec;
import org.lathe.hal.spec.Pooling;
import org.lathe.hal.spec.RandomBits;
import org.lathe.hal.spec.Recurrence;
import org.lathe.hal.spec.Reduce;
import org.lathe.hal.spec.RowProgram;
import org.lathe.hal.spec.Scan;
import org.lathe.hal.spec.Scatter;
import org.lathe.hal.spec.Sort;
import org.lathe.hal.spec.TopK;
import org.lathe.hal.spec.View;

/** Kernels of every kind, at awkward sizes. */
final class Specs {
  private Specs() {}

  static Map<String, KernelSpec> all() {
    Map<String, KernelSpec> specs = new LinkedHashMap<>();
    for (DType dtype : List.of(DType.F32, DType.F64, DType.F16, DType.BF16)) {
      specs.put("functions of " + dtype, functions(dtype));
    }
    for (DType dtype : List.of(DType.I32, DType.I64, DType.U8)) {
      specs.put("arithmetic of " + dtype, arithmetic(dtype));
    }
    specs.put("guarded transpose", guarded());
    specs.put("reduction", reduction());
    specs.put("product", product(33, 17, 20));
    for (Convolution.Form form : Convolution.Form.values()) {
      specs.put("convolution, " + form, convolution(form));
    }
    specs.put("lstm", new Recurrence(
        Recurrence.Cell.LSTM, Recurrence.Form.FORWARD, DType.F32, 3, 2, 5, false));
    specs.put("gru, backward", new Recurrence(
        Recurrence.Cell.GRU, Recurrence.Form.BACKWARD, DType.F32, 3, 2, 5, true));
    specs.put("softmax", softmax());
    for (Attention.Form form : Attention.Form.values()) {
      specs.put("attention, " + form, attention(form));
    }
    for (Pooling.Form form : Pooling.Form.values()) {
      specs.put("maximum of windows, " + form, Pooling.storing(
          Pooling.Kind.MAX, form, DType.F32, 2, 3, 7, 9, 3, 4, 3, 3, 2, 2, 0, 0, true));
    }
    specs.put("gather", new Gather(DType.F32, DType.I32, 7, 5, 13));
    specs.put("scatter", new Scatter(Combiner.SUM, true, DType.F32, DType.I64, 7, 5, 13));
    specs.put("sort", new Sort(DType.F32, 3, 33, true));
    specs.put("top", new TopK(DType.F16, 3, 33, 5));
    specs.put("copy", new Copy(207));
    specs.put("random", new RandomBits(207));
    specs.put("scan", new Scan(Combiner.SUM, DType.F32, 3, 17, 2, false, true));
    return specs;
  }

  private static View dense(DType dtype, long... shape) {
    return View.dense(dtype, Dims.of(shape));
  }

  static KernelSpec functions(DType dtype) {
    Dims space = Dims.of(207);
    Expr.Builder b = Expr.builder();
    int x = b.input(0, dtype);
    int y = b.input(1, dtype);
    List<Integer> results = new ArrayList<>();
    int sum = b.binary(BinaryOp.MAX, x, y);
    for (UnaryOp op : List.of(UnaryOp.TANH, UnaryOp.SIGMOID, UnaryOp.ERF, UnaryOp.FLOOR, UnaryOp.ROUND, UnaryOp.SIGN,
        UnaryOp.NEG, UnaryOp.ABS, UnaryOp.EXPM1, UnaryOp.SIN)) {
      sum = b.binary(BinaryOp.ADD, sum, b.unary(op, x));
    }
    results.add(sum);
    results.add(b.select(b.binary(BinaryOp.LT, x, y), b.binary(BinaryOp.REM, x, y), b.binary(BinaryOp.MIN, x, y)));
    results.add(b.cast(x, DType.I32));
    View v = View.dense(dtype, space);
    return new org.lathe.hal.spec.Map(
        space, List.of(v, v), b.build(results), List.of(v, v, View.dense(DType.I32, space)));
  }

  private static KernelSpec arithmetic(DType dtype) {
    Dims space = Dims.of(207);
    Expr.Builder b = Expr.builder();
    int x = b.input(0, dtype);
    int y = b.input(1, dtype);
    List<Integer> results = new ArrayList<>();
    int mix = x;
    for (BinaryOp op : List.of(BinaryOp.MUL, BinaryOp.ADD, BinaryOp.DIV, BinaryOp.REM, BinaryOp.XOR, BinaryOp.MAX)) {
      mix = b.binary(BinaryOp.ADD, mix, b.binary(op, x, y));
    }
    results.add(mix);
    results.add(b.binary(BinaryOp.LE, x, y));
    results.add(b.cast(x, DType.F32));
    View v = View.dense(dtype, space);
    return new org.lathe.hal.spec.Map(
        space, List.of(v, v), b.build(results),
        List.of(v, View.dense(DType.BOOL, space), View.dense(DType.F32, space)));
  }

  private static KernelSpec guarded() {
    Expr.Builder b = Expr.builder();
    Expr e = b.build(List.of(b.input(0, DType.F32)));
    View in = new View(DType.F32, -3, Dims.of(1, 3), new View.Guard(Dims.of(0, 1), Dims.of(3, 5), -1));
    return new org.lathe.hal.spec.Map(Dims.of(3, 5), List.of(in), e, List.of(dense(DType.F32, 3, 5)));
  }

  private static KernelSpec reduction() {
    Expr.Builder b = Expr.builder();
    Expr producer = b.build(List.of(b.input(0, DType.F32)));
    Expr.Builder c = Expr.builder();
    Expr epilogue = c.build(List.of(c.input(0, DType.F32)));
    return new Reduce(
        Dims.of(13), Dims.of(131), List.of(dense(DType.F32, 13, 131)), producer, List.of(Combiner.SUM), List.of(),
        epilogue, List.of(dense(DType.F32, 13)));
  }

  private static KernelSpec convolution(Convolution.Form form) {
    Convolution.Geometry g = new Convolution.Geometry(2, 3, 9, 7, 5, 5, 4, 3, 3, 2, 2, 1, 1, 1, 1, 1);
    Dims data = g.dataShape();
    Dims filter = g.filterShape();
    Dims result = g.resultShape();
    Dims first = form == Convolution.Form.DATA_GRADIENT ? result : data;
    Dims second = form == Convolution.Form.FILTER_GRADIENT ? result : filter;
    Dims space = switch (form) {
      case FORWARD -> result;
      case DATA_GRADIENT -> data;
      case FILTER_GRADIENT -> filter;
    };
    return new Convolution(
        form, g, View.dense(DType.F32, first), View.dense(DType.F32, second),
        Epilogue.store(DType.F32, View.dense(DType.F32, space)));
  }

  private static KernelSpec attention(Attention.Form form) {
    return new Attention(
        form, 2, 2, 13, 17, 5, 3, false, 0.5, dense(DType.F32, 2, 2, 13, 5), dense(DType.F32, 2, 2, 17, 5),
        dense(DType.F32, 2, 2, 17, 3), null, dense(DType.F32, 2, 2, 13, 3));
  }

  private static KernelSpec softmax() {
    Expr.Builder each = Expr.builder();
    Expr element = each.build(List.of(each.input(0, DType.F32)));
    Expr.Builder sum = Expr.builder();
    Expr exp = sum.build(List.of(
        sum.unary(UnaryOp.EXP, sum.binary(BinaryOp.SUB, sum.input(0, DType.F32), sum.input(1, DType.F32)))));
    Expr.Builder result = Expr.builder();
    int shifted = result.binary(BinaryOp.SUB, result.input(0, DType.F32), result.input(1, DType.F32));
    Expr share = result.build(List.of(
        result.binary(BinaryOp.DIV, result.unary(UnaryOp.EXP, shifted), result.input(2, DType.F32))));
    return new RowProgram(
        Dims.of(13), 207, List.of(dense(DType.F32, 13, 207)),
        List.of(new RowProgram.Stage(Combiner.MAX, element), new RowProgram.Stage(Combiner.SUM, exp)), share,
        List.of(dense(DType.F32, 13, 207)));
  }

  static KernelSpec product(long m, long n, long k) {
    return new Contraction(
        Dims.of(), m, n, k, dense(DType.F32, m, k), dense(DType.F32, k, n),
        Epilogue.store(DType.F32, dense(DType.F32, m, n)));
  }
}
