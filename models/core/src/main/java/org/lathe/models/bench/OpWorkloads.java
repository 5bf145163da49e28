package org.lathe.models.bench;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.function.Function;
import org.lathe.compiler.ir.TensorType;
import org.lathe.compiler.op.Attentions;
import org.lathe.compiler.op.Convolutions;
import org.lathe.compiler.op.Gradients;
import org.lathe.compiler.op.Normalisations;
import org.lathe.compiler.op.Recurrences;
import org.lathe.compiler.op.Tensor;
import org.lathe.hal.DType;

/** The rows that time one op, or one op and its gradient. */
final class OpWorkloads {
  private OpWorkloads() {}

  static List<Workload> all() {
    List<Workload> rows = new ArrayList<>();
    rows.add(matmul("gemm-512", 512, 512, 512, false));
    rows.add(matmul("gemm-1024", 1024, 1024, 1024, true));
    rows.add(matmul("gemm-skinny", 64, 1024, 1024, false));
    rows.add(convBiasRelu());
    rows.add(convolution("conv1x1", type(8, 256, 28, 28), type(64, 256, 1, 1), 1, 0, 28));
    rows.add(convolution("conv7x7", type(8, 3, 224, 224), type(64, 3, 7, 7), 2, 3, 112));
    rows.add(softmaxRows());
    rows.add(layerNormRows());
    rows.add(gelu());
    rows.add(lstm(false));
    rows.add(lstm(true));
    rows.add(attention(false));
    rows.add(attention(true));
    return rows;
  }

  private static TensorType type(long... shape) {
    return TensorType.of(DType.F32, shape);
  }

  private static Workload row(
      String id, long flops, boolean inSuite, List<TensorType> inputs, Function<List<Tensor>, List<Tensor>> function) {
    return row(id, flops, inSuite, inputs, Collections.nCopies(inputs.size(), 1.0), function);
  }

  private static Workload row(
      String id,
      long flops,
      boolean inSuite,
      List<TensorType> inputs,
      List<Double> deviations,
      Function<List<Tensor>, List<Tensor>> function) {
    return new Workload(id, flops, inSuite, new FunctionWorkload(id, inputs, deviations, function));
  }

  private static Workload matmul(String id, long m, long n, long k, boolean inSuite) {
    return row(id, 2 * m * n * k, inSuite, List.of(type(m, k), type(k, n)), in -> List.of(in.get(0).matmul(in.get(1))));
  }

  private static Workload convBiasRelu() {
    return row(
        "conv3x3",
        convolutionFlops(8, 64, 56, 64, 3),
        true,
        List.of(type(8, 64, 56, 56), type(64, 64, 3, 3), type(64)),
        List.of(1.0, 0.05, 1.0),
        in -> List.of(
            in.get(0).conv2d(in.get(1), Convolutions.Options.of(1, 1)).add(in.get(2).reshape(64, 1, 1)).relu()));
  }

  private static Workload convolution(String id, TensorType data, TensorType filters, long stride, long pad,
      long side) {
    return row(
        id,
        convolutionFlops(data.dim(0), filters.dim(0), side, filters.dim(1), filters.dim(2)),
        false,
        List.of(data, filters),
        List.of(1.0, 0.05),
        in -> List.of(in.get(0).conv2d(in.get(1), Convolutions.Options.of(stride, pad))));
  }

  static long convolutionFlops(long batch, long filters, long side, long channels, long kernel) {
    return 2 * batch * filters * side * side * channels * kernel * kernel;
  }

  private static final long ROWS = 4096;
  private static final long COLUMNS = 1024;

  private static Workload softmaxRows() {
    return row(
        "softmax-rows",
        9 * ROWS * COLUMNS,
        false,
        List.of(type(ROWS, COLUMNS), type(ROWS, COLUMNS)),
        in -> withGradients(in.get(0).softmax(1), in.get(1), List.of(in.get(0))));
  }

  private static Workload layerNormRows() {
    return row(
        "layernorm-rows",
        18 * ROWS * COLUMNS,
        false,
        List.of(type(ROWS, COLUMNS), type(COLUMNS), type(COLUMNS), type(ROWS, COLUMNS)),
        in -> withGradients(
            Normalisations.layerNorm(in.get(0), in.get(1), in.get(2), 1e-5), in.get(3), in.subList(0, 3)));
  }

  private static Workload gelu() {
    long elements = 4 << 20;
    return row(
        "gelu",
        22 * elements,
        false,
        List.of(type(elements), type(elements)),
        in -> withGradients(in.get(0).geluTanh(), in.get(1), List.of(in.get(0))));
  }

  /** The value, and its gradients for a given cotangent. */
  private static List<Tensor> withGradients(Tensor value, Tensor cotangent, List<Tensor> wrt) {
    List<Tensor> all = new ArrayList<>(List.of(value));
    all.addAll(Gradients.vjp(List.of(value), List.of(cotangent), wrt));
    return all;
  }

  /** Inputs [steps, batch, in], weights [in, 4 h], recurrent weights [h, 4 h], bias [4 h]. */
  private static Workload lstm(boolean backward) {
    long batch = 32;
    long steps = 64;
    long width = 256;
    long flops = 2 * batch * steps * 4 * width * (width + width);
    TensorType weights = type(width, 4 * width);
    TensorType state = type(batch, width);
    return row(
        backward ? "lstm-seq-fwdbwd" : "lstm-seq-fwd",
        backward ? 3 * flops : flops,
        !backward,
        List.of(type(steps, batch, width), weights, weights, type(4 * width), state, state, type(steps, batch, width)),
        List.of(1.0, 0.05, 0.05, 0.05, 0.0, 0.0, 1.0),
        in -> {
          Tensor projected = in.get(0).matmul(in.get(1)).add(in.get(3));
          Tensor states = Recurrences.lstm(projected, in.get(2), in.get(4), in.get(5), false).states();
          return backward ? withGradients(states, in.get(6), in.subList(0, 4)) : List.of(states);
        });
  }

  private static Workload attention(boolean backward) {
    long batch = 2;
    long heads = 8;
    long steps = 512;
    long width = 64;
    long flops = 4 * batch * heads * width * (steps * (steps + 1) / 2);
    TensorType type = type(batch, heads, steps, width);
    return row(
        backward ? "attention-fwdbwd" : "attention-fwd",
        backward ? 3 * flops : flops,
        !backward,
        List.of(type, type, type, type),
        in -> {
          Tensor out = Attentions.attention(in.get(0), in.get(1), in.get(2), null, true);
          return backward ? withGradients(out, in.get(3), in.subList(0, 3)) : List.of(out);
        });
  }
}
