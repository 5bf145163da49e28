package org.lathe.bench;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.function.Supplier;
import org.lathe.hal.DType;
import org.lathe.hal.Dims;
import org.lathe.hal.expr.BinaryOp;
import org.lathe.hal.expr.Combiner;
import org.lathe.hal.expr.Expr;
import org.lathe.hal.expr.UnaryOp;
import org.lathe.hal.program.BufferDecl;
import org.lathe.hal.program.Program;
import org.lathe.hal.program.Role;
import org.lathe.hal.program.Slice;
import org.lathe.hal.program.Step;
import org.lathe.hal.spec.Attention;
import org.lathe.hal.spec.Contraction;
import org.lathe.hal.spec.Convolution;
import org.lathe.hal.spec.Epilogue;
import org.lathe.hal.spec.KernelSpec;
import org.lathe.hal.spec.Map;
import org.lathe.hal.spec.Operand;
import org.lathe.hal.spec.Pooling;
import org.lathe.hal.spec.Recurrence;
import org.lathe.hal.spec.Reduce;
import org.lathe.hal.spec.RowProgram;
import org.lathe.hal.spec.View;

/** One kernel each, of the sizes of the workload table; f32. */
enum KernelWorkload {
  GEMM_512(() -> gemm(512, 512, 512)), //
  GEMM_1024(() -> gemm(1024, 1024, 1024)), //
  GEMM_SKINNY(() -> gemm(64, 1024, 1024)), //
  CONV3X3(() -> convolution(Convolution.Form.FORWARD, 64, 56, 64, 3, 1, 1, true)), //
  CONV3X3_DATA(() -> convolution(Convolution.Form.DATA_GRADIENT, 64, 56, 64, 3, 1, 1, false)), //
  CONV3X3_FILTER(() -> convolution(Convolution.Form.FILTER_GRADIENT, 64, 56, 64, 3, 1, 1, false)), //
  CONV1X1(() -> convolution(Convolution.Form.FORWARD, 256, 28, 64, 1, 1, 0, false)), //
  CONV7X7(() -> convolution(Convolution.Form.FORWARD, 3, 224, 64, 7, 2, 3, false)), //
  MAX_POOL(() -> pool(Pooling.Kind.MAX, Pooling.Form.FORWARD, 2, 0)), //
  MAX_POOL_GRADIENT(() -> pool(Pooling.Kind.MAX, Pooling.Form.GRADIENT, 2, 0)), //
  MAX_POOL_3X3(() -> pool(Pooling.Kind.MAX, Pooling.Form.FORWARD, 3, 1)), //
  MAX_POOL_3X3_GRADIENT(() -> pool(Pooling.Kind.MAX, Pooling.Form.GRADIENT, 3, 1)), //
  MEAN_POOL_3X3(() -> pool(Pooling.Kind.MEAN, Pooling.Form.FORWARD, 3, 1)), //
  MEAN_POOL_3X3_GRADIENT(() -> pool(Pooling.Kind.MEAN, Pooling.Form.GRADIENT, 3, 1)), //
  LSTM_SEQ(() -> lstm(Recurrence.Form.FORWARD)), //
  LSTM_SEQ_BACKWARD(() -> lstm(Recurrence.Form.BACKWARD)), //
  ATTENTION(() -> attention(Attention.Form.FORWARD)), //
  ATTENTION_BACKWARD(() -> attention(Attention.Form.BACKWARD)), //
  SOFTMAX_ROWS(KernelWorkload::softmaxRows), //
  GELU(KernelWorkload::gelu), //
  COLUMN_SUMS(() -> sum(Dims.of(1024), Dims.of(4096), View.of(DType.F32, 1, 1024))), //
  ROW_SUMS(() -> sum(Dims.of(4096), Dims.of(1024), View.of(DType.F32, 1024, 1)));

  private final Supplier<KernelSpec> spec;

  KernelWorkload(Supplier<KernelSpec> spec) {
    this.spec = spec;
  }

  static KernelWorkload of(String id) {
    return Arrays.stream(values()).filter(w -> w.id().equals(id)).findFirst()
        .orElseThrow(() -> new IllegalArgumentException(id + ": no such workload"));
  }

  String id() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  KernelSpec spec() {
    return spec.get();
  }

  /** A program of this kernel alone, whose operands are all bound by the caller. */
  Program program() {
    KernelSpec kernel = spec();
    List<BufferDecl> buffers = new ArrayList<>();
    List<Slice> inputs = declare(buffers, Role.INPUT, kernel.inputs());
    List<Slice> outputs = declare(buffers, Role.OUTPUT, kernel.outputs());
    return new Program(id(), buffers, List.of(new Step.Dispatch(kernel, inputs, outputs, id())));
  }

  private static List<Slice> declare(List<BufferDecl> buffers, Role role, List<Operand> operands) {
    List<Slice> slices = new ArrayList<>();
    for (Operand o : operands) {
      slices.add(new Slice(buffers.size(), 0, o.bytes()));
      buffers.add(new BufferDecl(role.name().toLowerCase(Locale.ROOT) + buffers.size(), role, o.bytes(), null));
    }
    return slices;
  }

  private static View dense(long... shape) {
    return View.dense(DType.F32, Dims.of(shape));
  }

  private static KernelSpec gemm(long m, long n, long k) {
    return new Contraction(Dims.of(), m, n, k, dense(m, k), dense(k, n), Epilogue.store(DType.F32, dense(m, n)));
  }

  private static KernelSpec convolution(Convolution.Form form, long channels, long side, long filters, long kernel,
      long stride, long pad, boolean biasAndRelu) {
    long out = (side + 2 * pad - kernel) / stride + 1;
    var g = new Convolution.Geometry(8, channels, side, side, filters, out, out, kernel, kernel, stride, stride, pad,
        pad, 1, 1, 1);
    View data = View.dense(DType.F32, g.dataShape());
    View weights = View.dense(DType.F32, g.filterShape());
    View result = View.dense(DType.F32, g.resultShape());
    return switch (form) {
      case FORWARD -> new Convolution(form, g, data, weights,
          biasAndRelu ? biasAndRelu(result) : Epilogue.store(DType.F32, result));
      case DATA_GRADIENT -> new Convolution(form, g, result, weights, Epilogue.store(DType.F32, data));
      case FILTER_GRADIENT -> new Convolution(form, g, data, result, Epilogue.store(DType.F32, weights));
    };
  }

  /** max(0, result + bias), where the bias goes along dimension 1 of four. */
  private static Epilogue biasAndRelu(View result) {
    Expr.Builder b = Expr.builder();
    int sum = b.binary(BinaryOp.ADD, b.input(0, DType.F32), b.input(1, DType.F32));
    int relu = b.binary(BinaryOp.MAX, sum, b.constant(DType.F32, 0));
    return new Epilogue(b.build(List.of(relu)), List.of(View.of(DType.F32, 0, 1, 0, 0)), List.of(result));
  }

  /** Windows that step by 2. */
  private static KernelSpec pool(Pooling.Kind kind, Pooling.Form form, long window, long pad) {
    return Pooling.storing(kind, form, DType.F32, 8, 64, 56, 56, 28, 28, window, window, 2, 2, pad, pad, false);
  }

  private static KernelSpec lstm(Recurrence.Form form) {
    return new Recurrence(Recurrence.Cell.LSTM, form, DType.F32, 64, 32, 256, false);
  }

  private static KernelSpec attention(Attention.Form form) {
    View v = dense(2, 8, 512, 64);
    return new Attention(form, 2, 8, 512, 512, 64, 64, true, 1 / Math.sqrt(64), v, v, v, null, v);
  }

  private static KernelSpec softmaxRows() {
    View v = dense(4096, 1024);
    Expr.Builder shifted = Expr.builder();
    int exp = shifted.unary(UnaryOp.EXP,
        shifted.binary(BinaryOp.SUB, shifted.input(0, DType.F32), shifted.input(1, DType.F32)));
    Expr.Builder result = Expr.builder();
    int e = result.unary(UnaryOp.EXP,
        result.binary(BinaryOp.SUB, result.input(0, DType.F32), result.input(1, DType.F32)));
    int share = result.binary(BinaryOp.DIV, e, result.input(2, DType.F32));
    return new RowProgram(Dims.of(4096), 1024, List.of(v),
        List.of(new RowProgram.Stage(Combiner.MAX, Expr.identity(DType.F32)),
            new RowProgram.Stage(Combiner.SUM, shifted.build(List.of(exp)))),
        result.build(List.of(share)), List.of(v));
  }

  /** x/2 (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))). */
  private static KernelSpec gelu() {
    View v = dense(4L << 20);
    Expr.Builder b = Expr.builder();
    int x = b.input(0, DType.F32);
    int cube = b.binary(BinaryOp.MUL, b.binary(BinaryOp.MUL, x, x), x);
    int inner = b.binary(BinaryOp.ADD, x, b.binary(BinaryOp.MUL, b.constant(DType.F32, 0.044715), cube));
    int tanh = b.unary(UnaryOp.TANH, b.binary(BinaryOp.MUL, b.constant(DType.F32, Math.sqrt(2 / Math.PI)), inner));
    int half = b.binary(BinaryOp.MUL, b.constant(DType.F32, 0.5), x);
    int y = b.binary(BinaryOp.MUL, half, b.binary(BinaryOp.ADD, b.constant(DType.F32, 1), tanh));
    return new Map(Dims.of(4L << 20), List.of(v), b.build(List.of(y)), List.of(v));
  }

  private static KernelSpec sum(Dims kept, Dims reduced, View input) {
    return new Reduce(kept, reduced, List.of(input), Expr.identity(DType.F32), List.of(Combiner.SUM), List.of(),
        Expr.identity(DType.F32), List.of(View.dense(DType.F32, kept)));
  }
}
