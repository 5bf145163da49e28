package org.lathe.backends.simt.schedule;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.lathe.hal.DType;
import org.lathe.hal.Dims;
import org.lathe.hal.expr.BinaryOp;
import org.lathe.hal.expr.Expr;
import org.lathe.hal.spec.Attention;
import org.lathe.hal.spec.Contraction;
import org.lathe.hal.spec.Convolution;
import org.lathe.hal.spec.Epilogue;
import org.lathe.hal.spec.KernelSpec;
import org.lathe.hal.spec.Recurrence;
import org.lathe.hal.spec.View;

/** Random matrix products, convolutions, recurrences and attentions: sizes, layouts and epilogues. */
public final class RandomHeavyKernels {
  private static final long[] SIZES = {1, 2, 3, 4, 5, 7, 8, 13, 16, 17, 31, 32, 33, 40, 64, 65, 70};
  private final Random random;
  private final long most;

  /** Kernels of at most about so many multiply-adds. */
  public RandomHeavyKernels(long seed, long most) {
    random = new Random(seed);
    this.most = most;
  }

  /** What makes a kernel of each kind. */
  public static Map<String, Function<RandomHeavyKernels, KernelSpec>> kinds() {
    Map<String, Function<RandomHeavyKernels, KernelSpec>> kinds = new LinkedHashMap<>();
    kinds.put("contraction", RandomHeavyKernels::contraction);
    kinds.put("convolution", RandomHeavyKernels::convolution);
    kinds.put("recurrence", RandomHeavyKernels::recurrence);
    kinds.put("attention", RandomHeavyKernels::attention);
    return kinds;
  }

  private <T> T pick(List<T> items) {
    return items.get(random.nextInt(items.size()));
  }

  private boolean oneIn(int n) {
    return random.nextInt(n) == 0;
  }

  /** A size that leaves no more than {@code left} multiply-adds. */
  private long size(long left) {
    return oneIn(80) ? 0 : Math.min(SIZES[random.nextInt(SIZES.length)], Math.max(1, left));
  }

  /** Mostly dense; else permuted, with gaps, reversed, and as an input repeated. */
  private View view(DType type, Dims space, boolean output) {
    if (random.nextBoolean()) {
      return View.dense(type, space);
    }
    List<Integer> order = new ArrayList<>();
    for (int d = 0; d < space.rank(); d++) {
      order.add(d);
    }
    if (random.nextBoolean()) {
      Collections.shuffle(order, random);
    } else {
      Collections.swap(order, space.rank() - 1, space.rank() - 2);
    }
    long[] strides = new long[space.rank()];
    long offset = random.nextInt(3);
    long step = oneIn(6) ? 2 : 1;
    for (int d : order.reversed()) {
      if (!output && oneIn(8)) {
        continue;
      }
      boolean reversed = oneIn(10) && space.get(d) > 0;
      strides[d] = reversed ? -step : step;
      offset += reversed ? step * (space.get(d) - 1) : 0;
      step *= Math.max(1, space.get(d)) + (oneIn(6) ? 3 : 0);
    }
    return new View(type, offset, Dims.of(strides), null);
  }

  /** The element alone, or with a bias, a guarded residual and its place, stored once or twice. */
  private Epilogue epilogue(DType accumulator, Dims space) {
    if (random.nextBoolean() || !accumulator.isFloating()) {
      return Epilogue.store(accumulator, view(accumulator, space, true));
    }
    Expr.Builder b = Expr.builder();
    int x = b.input(0, accumulator);
    List<View> in = new ArrayList<>();
    for (int n = random.nextInt(3); n > 0; n--) {
      View v = view(accumulator, space, false);
      if (oneIn(4)) {
        Dims low = space.map(_ -> random.nextInt(2));
        v = new View(v.dtype(), v.offset(), v.strides(), new View.Guard(low, space, 0.5));
      }
      in.add(v);
      x = b.binary(oneIn(2) ? BinaryOp.ADD : BinaryOp.MAX, x, b.input(in.size(), accumulator));
    }
    if (oneIn(3)) {
      x = b.binary(BinaryOp.ADD, x, b.cast(b.add(new Expr.Index(random.nextInt(space.rank()))), accumulator));
    }
    List<View> out = new ArrayList<>(List.of(view(accumulator, space, true)));
    List<Integer> results = new ArrayList<>(List.of(x));
    if (oneIn(3)) {
      out.add(view(DType.BF16, space, true));
      results.add(b.cast(x, DType.BF16));
    }
    return new Epilogue(b.build(results), in, out);
  }

  private Contraction contraction() {
    DType t = pick(List.of(DType.F32, DType.F32, DType.F32, DType.F64, DType.F16, DType.BF16, DType.I32));
    Dims batch = Dims.filled(random.nextInt(3), 0).map(_ -> 1 + random.nextInt(3));
    long left = most / batch.product();
    long m = size(left);
    long n = size(left / Math.max(1, m));
    long k = oneIn(8) ? left / Math.max(1, m * n) : size(left / Math.max(1, m * n));
    Dims space = batch.append(Dims.of(m, n));
    return new Contraction(
        batch, m, n, k, view(t, batch.append(Dims.of(m, k)), false), view(t, batch.append(Dims.of(k, n)), false),
        epilogue(t.compute(), space));
  }

  private Convolution convolution() {
    DType t = pick(List.of(DType.F32, DType.F32, DType.F32, DType.F64, DType.F16));
    long groups = oneIn(4) ? 1 + random.nextInt(4) : 1;
    long kernelHeight = 1 + random.nextInt(oneIn(3) ? 5 : 3);
    long kernelWidth = oneIn(3) ? 1 + random.nextInt(5) : kernelHeight;
    long strideY = oneIn(2) ? 1 : 1 + random.nextInt(3);
    long strideX = oneIn(3) ? 1 + random.nextInt(3) : strideY;
    long dilation = oneIn(4) ? 2 : 1;
    long padY = random.nextInt(3);
    long padX = oneIn(3) ? random.nextInt(3) : padY;
    long height = 1 + random.nextInt(12);
    long width = oneIn(6) ? 30 : 1 + random.nextInt(14);
    long outHeight = Math.max(0, (height + 2 * padY - dilation * (kernelHeight - 1) - 1) / strideY + 1);
    long outWidth = Math.max(0, (width + 2 * padX - dilation * (kernelWidth - 1) - 1) / strideX + 1);
    // Sometimes not all of the data is covered.
    outHeight = oneIn(8) ? outHeight / 2 : outHeight;
    long left = most / Math.max(1, outHeight * outWidth * kernelHeight * kernelWidth);
    long batch = 1 + random.nextInt(3);
    long channels = groups * Math.max(1, size(left / batch / groups));
    long filters = groups * Math.max(1, size(left / batch / channels));
    Convolution.Geometry g = new Convolution.Geometry(batch, channels, height, width, filters, outHeight, outWidth,
        kernelHeight, kernelWidth, strideY, strideX, padY, padX, dilation, dilation, groups);
    Convolution.Form form = pick(List.of(Convolution.Form.values()));
    Dims first = form == Convolution.Form.DATA_GRADIENT ? g.resultShape() : g.dataShape();
    Dims second = form == Convolution.Form.FILTER_GRADIENT ? g.resultShape() : g.filterShape();
    Dims space = switch (form) {
      case FORWARD -> g.resultShape();
      case DATA_GRADIENT -> g.dataShape();
      case FILTER_GRADIENT -> g.filterShape();
    };
    return new Convolution(form, g, view(t, first, false), view(t, second, false), epilogue(t.compute(), space));
  }

  private Recurrence recurrence() {
    long hidden = size(70);
    long batch = size(20);
    long left = most / Math.max(1, hidden * hidden * batch * 4);
    return new Recurrence(
        pick(List.of(Recurrence.Cell.values())), pick(List.of(Recurrence.Form.values())),
        oneIn(4) ? DType.F64 : DType.F32, Math.min(size(left), 12), batch, hidden, random.nextBoolean());
  }

  private Attention attention() {
    DType t = oneIn(4) ? DType.F64 : DType.F32;
    long b = 1 + random.nextInt(2);
    long h = 1 + random.nextInt(3);
    long q = size(most);
    long k = oneIn(2) ? q : size(most);
    long left = Math.max(1, most / Math.max(1, b * h * q * k));
    long w = size(left);
    long v = oneIn(2) ? w : size(left);
    @Nullable
    View bias = oneIn(3) ? view(t, Dims.of(b, h, q, k), false) : null;
    return new Attention(
        pick(List.of(Attention.Form.values())), b, h, q, k, w, v, random.nextBoolean(),
        1 / Math.sqrt(Math.max(1, w)), view(t, Dims.of(b, h, q, w), true), view(t, Dims.of(b, h, k, w), true),
        view(t, Dims.of(b, h, k, v), true), bias, view(t, Dims.of(b, h, q, v), true));
  }
}
