package org.lathe.backends.opencl;

import java.util.ArrayList;
import java.util.List;
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
import org.lathe.hal.spec.Map;
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

/** Every member of the kernel family in each of its forms, at sizes that a simulator runs in a moment. */
final class SmallSpecs {
  private static final DType F32 = DType.F32;

  private SmallSpecs() {}

  static List<KernelSpec> all() {
    List<KernelSpec> specs = new ArrayList<>();
    elementwise(specs);
    reductions(specs);
    products(specs);
    sequences(specs);
    data(specs);
    return specs;
  }

  private static View dense(DType type, long... dims) {
    return View.dense(type, Dims.of(dims));
  }

  private static View dense(long... dims) {
    return dense(F32, dims);
  }

  private static void elementwise(List<KernelSpec> specs) {
    for (DType type : List.of(F32, DType.F16, DType.BF16)) {
      Expr.Builder e = Expr.builder();
      int x = e.input(0, type);
      int y = e.unary(UnaryOp.TANH, e.binary(BinaryOp.ADD, x, e.input(1, type)));
      specs.add(new Map(Dims.of(5, 13), List.of(dense(type, 5, 13), View.of(type, 0, 1)),
          e.build(List.of(e.cast(y, type))), List.of(dense(type, 5, 13))));
    }
    Expr.Builder i = Expr.builder();
    int quotient = i.binary(BinaryOp.DIV, i.input(0, DType.I32), i.input(1, DType.I32));
    int less = i.binary(BinaryOp.LT, i.input(0, DType.I32), i.input(1, DType.I32));
    specs.add(new Map(Dims.of(33), List.of(View.of(DType.I32, 1), View.of(DType.I32, 1)),
        i.build(List.of(quotient, less)), List.of(View.of(DType.I32, 1), View.of(DType.BOOL, 1))));
    specs.add(new Map(Dims.of(7, 11), List.of(View.of(F32, 1, 7)), Expr.identity(F32), List.of(dense(7, 11))));
  }

  private static void reductions(List<KernelSpec> specs) {
    for (Combiner combiner : List.of(Combiner.SUM, Combiner.MAX, Combiner.ARGMAX)) {
      DType result = combiner.resultType(F32);
      specs.add(new Reduce(Dims.of(5), Dims.of(67), List.of(dense(5, 67)), Expr.identity(F32), List.of(combiner),
          List.of(), Expr.identity(result), List.of(View.of(result, 1))));
      specs.add(new Reduce(Dims.of(17), Dims.of(13), List.of(View.of(F32, 1, 17)), Expr.identity(F32),
          List.of(combiner), List.of(), Expr.identity(result), List.of(View.of(result, 1))));
    }
    specs.add(new Reduce(Dims.of(), Dims.of(1009), List.of(View.of(F32, 1)), Expr.identity(F32),
        List.of(Combiner.SUM), List.of(), Expr.identity(F32), List.of(View.of(F32))));
    specs.add(softmax(3, 37));
    specs.add(softmax(2, 300));
  }

  private static RowProgram softmax(long rows, long columns) {
    Expr.Builder s = Expr.builder();
    Expr exponentials = s
        .build(List.of(s.unary(UnaryOp.EXP, s.binary(BinaryOp.SUB, s.input(0, F32), s.input(1, F32)))));
    Expr.Builder r = Expr.builder();
    int exponential = r.unary(UnaryOp.EXP, r.binary(BinaryOp.SUB, r.input(0, F32), r.input(1, F32)));
    Expr quotient = r.build(List.of(r.binary(BinaryOp.DIV, exponential, r.input(2, F32))));
    return new RowProgram(Dims.of(rows), columns, List.of(dense(rows, columns)),
        List.of(new RowProgram.Stage(Combiner.MAX, Expr.identity(F32)),
            new RowProgram.Stage(Combiner.SUM, exponentials)),
        quotient, List.of(dense(rows, columns)));
  }

  private static void products(List<KernelSpec> specs) {
    specs.add(new Contraction(Dims.of(), 17, 13, 19, dense(17, 19), dense(19, 13), Epilogue.store(F32, dense(17, 13))));
    specs.add(new Contraction(Dims.of(2), 5, 35, 7, dense(2, 5, 7), View.of(F32, 0, 1, 7),
        Epilogue.store(F32, dense(2, 5, 35))));
    specs.add(new Contraction(Dims.of(), 1, 33, 40, dense(1, 40), dense(40, 33), Epilogue.store(F32, dense(1, 33))));
    Expr.Builder e = Expr.builder();
    int sum = e.binary(BinaryOp.ADD, e.input(0, F32), e.input(1, F32));
    Expr relu = e.build(List.of(e.binary(BinaryOp.MAX, sum, e.constant(F32, 0))));
    Epilogue finish = new Epilogue(relu, List.of(View.of(F32, 0, 1, 0, 0)), List.of(dense(2, 4, 6, 5)));
    Convolution.Geometry g = new Convolution.Geometry(2, 3, 6, 5, 4, 6, 5, 3, 3, 1, 1, 1, 1, 1, 1, 1);
    specs.add(new Convolution(Convolution.Form.FORWARD, g, dense(2, 3, 6, 5), dense(4, 3, 3, 3), finish));
    specs.add(new Convolution(Convolution.Form.DATA_GRADIENT, g, dense(2, 4, 6, 5), dense(4, 3, 3, 3),
        Epilogue.store(F32, dense(2, 3, 6, 5))));
    specs.add(new Convolution(Convolution.Form.FILTER_GRADIENT, g, dense(2, 3, 6, 5), dense(2, 4, 6, 5),
        Epilogue.store(F32, dense(4, 3, 3, 3))));
    for (Pooling.Kind kind : Pooling.Kind.values()) {
      for (Pooling.Form form : Pooling.Form.values()) {
        if (form != Pooling.Form.PICK || kind == Pooling.Kind.MAX) {
          specs.add(Pooling.storing(kind, form, F32, 2, 3, 5, 6, 3, 3, 3, 2, 2, 2, 1, 0, false));
        }
      }
    }
  }

  private static void sequences(List<KernelSpec> specs) {
    for (Recurrence.Cell cell : Recurrence.Cell.values()) {
      for (Recurrence.Form form : Recurrence.Form.values()) {
        specs.add(new Recurrence(cell, form, F32, 3, 2, 5, form == Recurrence.Form.BACKWARD));
      }
    }
    for (Attention.Form form : Attention.Form.values()) {
      specs.add(new Attention(form, 1, 2, 5, 7, 4, 6, true, 0.5, dense(1, 2, 5, 4), dense(1, 2, 7, 4),
          dense(1, 2, 7, 6), null, dense(1, 2, 5, 6)));
      specs.add(new Attention(form, 1, 1, 3, 35, 8, 8, false, 0.3, dense(1, 1, 3, 8), dense(1, 1, 35, 8),
          dense(1, 1, 35, 8), dense(1, 1, 3, 35), dense(1, 1, 3, 8)));
    }
    for (boolean reverse : new boolean[]{false, true}) {
      specs.add(new Scan(Combiner.SUM, F32, 2, 19, 3, reverse, !reverse));
      specs.add(new Scan(Combiner.MAX, F32, 1, 300, 1, reverse, reverse));
    }
  }

  private static void data(List<KernelSpec> specs) {
    specs.add(new Copy(0));
    specs.add(new Copy(131));
    specs.add(new Gather(F32, DType.I32, 5, 3, 7));
    specs.add(new Gather(DType.F16, DType.I64, 5, 8, 7));
    specs.add(new Scatter(Combiner.SUM, false, F32, DType.I32, 5, 3, 11));
    specs.add(new Scatter(Combiner.SUM, true, F32, DType.I64, 4, 5, 9));
    specs.add(new Scatter(Combiner.MAX, true, F32, DType.I32, 4, 1, 9));
    specs.add(new RandomBits(13));
    for (boolean descending : new boolean[]{false, true}) {
      specs.add(new Sort(F32, 3, 37, descending));
    }
    specs.add(new Sort(DType.I32, 1, 130, false));
    specs.add(new TopK(F32, 3, 37, 5));
  }
}
