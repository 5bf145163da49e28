package org.lathe.models.nn;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.Function;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;
import org.lathe.compiler.ir.Literal;
import org.lathe.compiler.op.Tensor;
import org.lathe.models.optim.Regularizer;
import org.lathe.models.train.Field;
import org.lathe.models.train.OracleRun;
import org.lathe.models.train.Step;

/** Layers of maps against loops. */
class PictureLayersTest {
  private static final int BATCH = 2;
  private static final int CHANNELS = 9;
  private static final int HEIGHT = 4;
  private static final int WIDTH = 6;

  private final long seed = System.nanoTime();
  private final RandomGenerator random = new SplittableRandom(seed);
  private final Field x = Field.floats("x", BATCH, CHANNELS, HEIGHT, WIDTH);
  private final double[] values = random.doubles(x.type().size(), -2, 2).map(v -> (float) v).toArray();

  private static final class Holder extends Module {
    final SelfAttention2d attention = child("attention", new SelfAttention2d(CHANNELS));
  }

  private OracleRun run(Module module, Function<Tensor, Tensor> layer, Map<String, double[]> state) {
    OracleRun run = new OracleRun(
        Step.inference("s", module, List.of(x), c -> c.report("y", layer.apply(c.input("x")))).trace(), seed);
    state.forEach(run::set);
    run.run(Map.of("x", Literal.of(x.type(), values)));
    return run;
  }

  private static int at(int b, int c, int i, int j) {
    return ((b * CHANNELS + c) * HEIGHT + i) * WIDTH + j;
  }

  @Test
  void instanceNormGivesEachMapMeanZeroAndVarianceOne() {
    double[] y = run(new Holder(), new InstanceNorm()::apply, Map.of()).report("y");
    int size = HEIGHT * WIDTH;
    for (int m = 0; m < BATCH * CHANNELS; m++) {
      double mean = 0;
      double square = 0;
      for (int p = 0; p < size; p++) {
        mean += values[m * size + p] / size;
        square += values[m * size + p] * values[m * size + p] / size;
      }
      double scale = 1 / Math.sqrt(square - mean * mean + 1e-5);
      for (int p = 0; p < size; p++) {
        assertEquals((values[m * size + p] - mean) * scale, y[m * size + p], 1e-6, "seed " + seed);
      }
    }
  }

  @Test
  void upsamplingRepeatsPixels() {
    double[] y = run(new Holder(), new Upsampling(3)::apply, Map.of()).report("y");
    for (int m = 0; m < BATCH * CHANNELS; m++) {
      for (int i = 0; i < 3 * HEIGHT; i++) {
        for (int j = 0; j < 3 * WIDTH; j++) {
          assertEquals(values[(m * HEIGHT + i / 3) * WIDTH + j / 3], y[(m * 3 * HEIGHT + i) * 3 * WIDTH + j]);
        }
      }
    }
    assertThrows(IllegalArgumentException.class, () -> new Upsampling(0));
  }

  @Test
  void reflectionContinuesPicturesAsInAMirror() {
    int margin = 3;
    double[] y = run(new Holder(), new Reflection(margin)::apply, Map.of()).report("y");
    int width = WIDTH + 2 * margin;
    int height = HEIGHT + 2 * margin;
    for (int m = 0; m < BATCH * CHANNELS; m++) {
      for (int i = 0; i < height; i++) {
        for (int j = 0; j < width; j++) {
          double expected = values[(m * HEIGHT + mirrored(i - margin, HEIGHT)) * WIDTH + mirrored(j - margin, WIDTH)];
          assertEquals(expected, y[(m * height + i) * width + j]);
        }
      }
    }
    assertThrows(
        IllegalArgumentException.class, () -> run(new Holder(), new Reflection(HEIGHT)::apply, Map.of()));
  }

  private static int mirrored(int i, int size) {
    int right = Math.abs(i);
    return right < size ? right : 2 * (size - 1) - right;
  }

  /** At first it changes nothing; with a weight it adds means of values, weighted by how well keys fit the query. */
  @Test
  void selfAttentionIsThatOfLoops() {
    Holder holder = new Holder();
    double[] same = run(holder, holder.attention::apply, Map.of()).report("y");
    for (int i = 0; i < values.length; i++) {
      assertEquals(values[i], same[i], 1e-12);
    }
    OracleRun run = run(holder, holder.attention::apply, Map.of("attention.weight", new double[]{0.7}));
    double[] query = run.get("attention.query.weight");
    double[] key = run.get("attention.key.weight");
    double[] value = run.get("attention.value.weight");
    double[] out = run.get("attention.out.weight");
    int half = CHANNELS / 2;
    int places = HEIGHT / 2 * (WIDTH / 2);
    double[] y = run.report("y");
    for (int b = 0; b < BATCH; b++) {
      double[][] keys = pooled(key, 1, b);
      double[][] mixed = pooled(value, half, b);
      for (int i = 0; i < HEIGHT; i++) {
        for (int j = 0; j < WIDTH; j++) {
          double q = mix(query, 0, b, i, j);
          double[] weights = new double[places];
          double sum = 0;
          for (int p = 0; p < places; p++) {
            weights[p] = Math.exp(q * keys[0][p]);
            sum += weights[p];
          }
          for (int c = 0; c < CHANNELS; c++) {
            double expected = values[at(b, c, i, j)];
            for (int h = 0; h < half; h++) {
              for (int p = 0; p < places; p++) {
                expected += 0.7 * out[c * half + h] * mixed[h][p] * weights[p] / sum;
              }
            }
            assertEquals(expected, y[at(b, c, i, j)], 1e-6, "seed " + seed);
          }
        }
      }
    }
  }

  /** One output channel of a 1 x 1 convolution at one place. */
  private double mix(double[] weight, int channel, int b, int i, int j) {
    double sum = 0;
    for (int c = 0; c < CHANNELS; c++) {
      sum += weight[channel * CHANNELS + c] * values[at(b, c, i, j)];
    }
    return sum;
  }

  /** The output channels, max-pooled by 2: [channel][place]. */
  private double[][] pooled(double[] weight, int channels, int b) {
    double[][] all = new double[channels][HEIGHT / 2 * (WIDTH / 2)];
    for (int c = 0; c < channels; c++) {
      for (int p = 0; p < all[c].length; p++) {
        int i = p / (WIDTH / 2) * 2;
        int j = p % (WIDTH / 2) * 2;
        all[c][p] = Math.max(
            Math.max(mix(weight, c, b, i, j), mix(weight, c, b, i, j + 1)),
            Math.max(mix(weight, c, b, i + 1, j), mix(weight, c, b, i + 1, j + 1)));
      }
    }
    return all;
  }

  /** The squared products of all pairs of different filters, of rows of [out, ..] and of columns of [in, out]. */
  @Test
  void theOrthogonalPenaltyIsThatOfPairsOfFilters() {
    for (int rank : new int[]{2, 4}) {
      double penalty = run(
          new Holder(),
          t -> Regularizer.orthogonal(0.3).of(rank == 2 ? t.reshape(BATCH * CHANNELS, -1) : t), Map.of())
          .report("y")[0];
      int rows = rank == 2 ? BATCH * CHANNELS : BATCH;
      int columns = values.length / rows;
      int filters = rank == 2 ? columns : rows;
      double expected = 0;
      for (int f = 0; f < filters; f++) {
        for (int g = 0; g < filters; g++) {
          double dot = 0;
          for (int k = 0; k < values.length / filters; k++) {
            dot += rank == 2
                ? values[k * columns + f] * values[k * columns + g]
                : values[f * columns + k] * values[g * columns + k];
          }
          expected += f == g ? 0 : 0.3 * dot * dot;
        }
      }
      assertEquals(expected, penalty, 1e-6 * expected + 1e-9, "rank " + rank + ", seed " + seed);
    }
  }
}
