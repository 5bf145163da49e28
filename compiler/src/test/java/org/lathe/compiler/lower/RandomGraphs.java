package org.lathe.compiler.lower;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.lathe.compiler.ir.Graph;
import org.lathe.compiler.op.Convolutions;
import org.lathe.compiler.op.PoolingOps;
import org.lathe.compiler.op.Tensor;
import org.lathe.hal.DType;
import org.lathe.hal.Dims;

/** Random small graphs of all kinds of ops, from a seed. Values stay moderate, so that errors do. */
public final class RandomGraphs {
  private static final long[] SIZES = {1, 2, 3, 4, 5, 7};

  private final Random random;
  private final List<Tensor> pool = new ArrayList<>();

  private RandomGraphs(long seed) {
    this.random = new Random(seed);
  }

  /** A graph of about {@code ops} ops with a few inputs and outputs. */
  public static Graph graph(long seed, int ops) {
    RandomGraphs g = new RandomGraphs(seed);
    List<String> types = new ArrayList<>();
    int inputs = 2 + g.random.nextInt(3);
    for (int i = 0; i < inputs; i++) {
      types.add("f32" + g.shape());
    }
    return Programs.trace(
        in -> {
          g.pool.addAll(in);
          for (int i = 0; i < ops; i++) {
            g.pool.add(g.step());
          }
          List<Tensor> outputs = new ArrayList<>();
          for (int o = 0; o < 3; o++) {
            outputs.add(g.pool.get(g.pool.size() - 1 - g.random.nextInt(Math.min(8, g.pool.size()))));
          }
          outputs.add(g.pool.getLast());
          return outputs;
        },
        types.toArray(String[]::new));
  }

  private Dims shape() {
    Dims d = Dims.of();
    int rank = random.nextInt(4);
    for (int i = 0; i < rank; i++) {
      d = d.insert(i, SIZES[random.nextInt(SIZES.length)]);
    }
    return d;
  }

  /** Recent values more often than old ones. */
  private Tensor any() {
    int n = pool.size();
    int back = random.nextInt(4) == 0 ? random.nextInt(n) : random.nextInt(Math.min(5, n));
    return pool.get(n - 1 - back);
  }

  private Tensor matching(Tensor x) {
    for (int i = 0; i < 12; i++) {
      Tensor y = any();
      if (y.shape().equals(x.shape())) {
        return y;
      }
      if (broadcasts(y.shape(), x.shape())) {
        return y;
      }
    }
    return x.mul(0.5);
  }

  private static boolean broadcasts(Dims from, Dims to) {
    if (from.rank() > to.rank()) {
      return false;
    }
    for (int i = 0; i < from.rank(); i++) {
      if (from.last(i) != 1 && from.last(i) != to.last(i)) {
        return false;
      }
    }
    return true;
  }

  private Tensor step() {
    Tensor x = any();
    return switch (random.nextInt(22)) {
      case 0 -> x.tanh();
      case 1 -> x.neg();
      case 2 -> x.clamp(-3, 3).exp().mul(0.1);
      case 3 -> x.square().add(1).rsqrt();
      case 4 -> x.add(matching(x));
      case 5 -> x.mul(matching(x)).tanh();
      case 6 -> x.sub(matching(x));
      case 7 -> x.greater(matching(x)).where(x, x.mul(0.25));
      case 8 -> x.rank() == 0 ? x.sin() : keep(x, random.nextInt(x.rank()));
      case 9 -> x.rank() == 0 ? x.cos() : softmax(x, random.nextInt(3) == 0 ? random.nextInt(x.rank()) : x.rank() - 1);
      case 10 -> x.rank() == 0 ? x.abs() : reduce(x, random.nextInt(x.rank()));
      case 11 -> permute(x);
      case 12 -> reshape(x);
      case 13 -> x.rank() == 0 ? x.maximum(0.1) : slice(x);
      case 14 -> x.rank() == 0 || x.shape().product() > 500 ? x.minimum(0.1) : pad(x);
      case 15 -> x.rank() == 0 ? x.mul(3).sigmoid() : x.reverse(random.nextInt(x.rank()));
      case 16 -> x.rank() == 0 || x.shape().product() > 400 ? x : concat(x);
      case 17 -> x.rank() < 2 || x.shape().product() > 600 ? x.maximum(0).minimum(6) : x.matmul(weights(x));
      case 18 -> x.rank() < 2 ? x.div(2) : dense(x);
      case 19 ->
        x.rank() == 0 ? x : x.mul(Tensor.iota(x.builder(), DType.F32, x.shape(), random.nextInt(x.rank())).mul(0.1));
      case 20 -> x.shape().product() > 600 || x.shape().product() == 0
          ? x.round()
          : x.broadcastTo(Dims.of(1 + random.nextInt(3)).append(x.shape())).mul(0.5);
      default -> image(x);
    };
  }

  private Tensor weights(Tensor x) {
    long k = x.dim(-1);
    long n = SIZES[random.nextInt(SIZES.length)];
    Tensor i = Tensor.iota(x.builder(), DType.F32, Dims.of(k, n), 0);
    Tensor j = Tensor.iota(x.builder(), DType.F32, Dims.of(k, n), 1);
    return i.mul(1.3).add(j.mul(0.7)).sin().mul(1.0 / (1 + k));
  }

  private Tensor dense(Tensor x) {
    Tensor w = weights(x);
    return x.matmul(w).add(w.sum(0)).tanh();
  }

  private static Tensor softmax(Tensor x, int axis) {
    Tensor e = x.sub(x.keepAxes(x.max(axis), axis)).exp();
    return e.div(e.keepAxes(e.sum(axis), axis));
  }

  private static Tensor keep(Tensor x, int axis) {
    return x.sub(x.keepAxes(x.mean(axis), axis));
  }

  private Tensor reduce(Tensor x, int axis) {
    return switch (random.nextInt(4)) {
      case 0 -> x.sum(axis).tanh();
      case 1 -> x.max(axis);
      case 2 -> x.argMax(axis).cast(DType.F32).mul(0.1);
      default -> x.mean().add(x.square().mean());
    };
  }

  private Tensor permute(Tensor x) {
    List<Integer> order = new ArrayList<>();
    for (int d = 0; d < x.rank(); d++) {
      order.add(random.nextInt(order.size() + 1), d);
    }
    return x.permute(order.stream().mapToInt(i -> i).toArray());
  }

  private Tensor reshape(Tensor x) {
    long n = x.shape().product();
    long a = 1;
    for (long f : new long[]{2, 3, 5, 7}) {
      if (n % f == 0 && random.nextBoolean()) {
        a *= f;
      }
    }
    if (n == 0) {
      return x.flatten();
    }
    return random.nextInt(3) == 0 ? x.flatten() : x.reshape(a, n / a);
  }

  private Tensor slice(Tensor x) {
    int axis = random.nextInt(x.rank());
    long n = x.dim(axis);
    long low = n < 2 ? 0 : random.nextInt((int) n - 1);
    return x.slice(axis, low, Math.min(n, low + 1 + random.nextInt(3)));
  }

  private Tensor pad(Tensor x) {
    Dims low = Dims.filled(x.rank(), 0).with(random.nextInt(x.rank()), random.nextInt(3));
    Dims high = Dims.filled(x.rank(), 0).with(random.nextInt(x.rank()), random.nextInt(2));
    return x.pad(low, high, random.nextInt(3) * 0.5);
  }

  private Tensor concat(Tensor x) {
    int axis = random.nextInt(x.rank());
    return switch (random.nextInt(3)) {
      case 0 -> Tensor.concat(axis, x, x.tanh());
      case 1 -> Tensor.concat(axis, x.mul(0.5), x.reverse(axis), x);
      default -> Tensor.concat(axis, x.sin(), softmax(x, x.rank() - 1));
    };
  }

  private Tensor image(Tensor x) {
    long n = x.shape().product();
    if (n < 4 || n > 300) {
      return x.ceil();
    }
    long side = (long) Math.sqrt(n);
    Tensor image = x.flatten().slice(0, 0, side * side).reshape(1, 1, side, side);
    if (side >= 2 && random.nextBoolean()) {
      return image.maxPool(PoolingOps.Options.of(2));
    }
    Tensor filters = Tensor.iota(x.builder(), DType.F32, Dims.of(2, 1, 3, 3), 2).sin().mul(0.2);
    return image.conv2d(filters, Convolutions.Options.DEFAULT.withPad(1)).add(0.1).tanh();
  }
}
