package org.lathe.models.nets;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.lathe.compiler.ir.Literal;
import org.lathe.compiler.op.Tensor;
import org.lathe.compiler.runtime.Lathe;
import org.lathe.models.nn.MaskedConv2d.Mask;
import org.lathe.models.nn.MaskedConv2d;
import org.lathe.models.nn.PixelSampler;
import org.lathe.models.train.BoundStep;
import org.lathe.models.train.Field;
import org.lathe.models.train.ModelState;
import org.lathe.models.train.OracleRun;
import org.lathe.models.train.Step;
import org.lathe.models.train.StepContext;

class PixelNetTest {
  private static final long SEED = new Random().nextLong();

  /** A net of each kind, by name. */
  record Kind(String name, PixelNet net) {
    @Override
    public String toString() {
      return name;
    }
  }

  private static List<Kind> kinds(long side, long levels) {
    return List.of(
        new Kind("cnn", new GatedPixelCnn(new GatedPixelCnn.Options(side, levels, 4, 3, 5, 3, 32, 0))),
        new Kind("conditional", new GatedPixelCnn(new GatedPixelCnn.Options(side, levels, 3, 2, 3, 5, 32, 3))),
        new Kind("rnn", new PixelRnn(new PixelRnn.Options(side, levels, 4, 3, 2, 5, 32))),
        new Kind("transformer", new PixelTransformer(new PixelTransformer.Options(side, levels, 6, 2, 7, 2))));
  }

  static Stream<Kind> ofFive() {
    return kinds(5, 3).stream();
  }

  static Stream<Kind> ofTwo() {
    return kinds(2, 3).stream();
  }

  private static List<Field> fields(PixelNet net, int batch, String... more) {
    List<Field> fields = new ArrayList<>();
    for (String name : more) {
      fields.add(
          name.equals("noise")
              ? Field.floats(name, batch, net.side(), net.side())
              : Field.ints(name, batch, net.side(), net.side()));
    }
    if (net.classes() > 0) {
      fields.add(Field.ints("label", batch));
    }
    return fields;
  }

  private static Tensor label(PixelNet net, StepContext c) {
    return net.classes() > 0 ? c.input("label") : null;
  }

  private static Step whole(PixelNet net, int batch) {
    return Step.inference("s", net, fields(net, batch, "x"), c -> {
      c.report("logits", net.logits(c.input("x"), label(net, c)));
      c.report("nats", net.nats(c.input("x"), label(net, c)));
    });
  }

  private static Step drawing(PixelNet net, int batch) {
    return Step.inference("s", net, fields(net, batch, "noise", "given"), c -> {
      PixelSampler.Drawn drawn = net.draw(c.input("noise"), c.input("given"), label(net, c));
      c.report("levels", drawn.levels());
      c.report("logits", drawn.logits());
    });
  }

  private static Map<String, Literal> batch(Step step, Map<String, double[]> values) {
    Map<String, Literal> batch = new HashMap<>();
    for (Field f : step.inputs()) {
      batch.put(f.name(), Literal.of(f.type(), values.get(f.name())));
    }
    return batch;
  }

  /** Weights and biases away from where they begin: nothing is 0 by chance. */
  private static OracleRun moved(Step step) {
    OracleRun run = new OracleRun(step.trace(), 7);
    net(step).parameters().keySet().forEach(name -> {
      double[] values = run.get(name).clone();
      SplittableRandom random = new SplittableRandom(name.hashCode());
      for (int i = 0; i < values.length; i++) {
        values[i] += 0.4 * random.nextGaussian();
      }
      run.set(name, values);
    });
    return run;
  }

  private static PixelNet net(Step step) {
    return (PixelNet) step.model();
  }

  private static double[] labels(int batch, int classes) {
    return IntStream.range(0, batch).mapToDouble(i -> classes == 0 ? 0 : i % classes).toArray();
  }

  /** All pictures of 2 x 2 pixels in three levels. */
  @ParameterizedTest
  @MethodSource("ofTwo")
  void likelihoodsSumToOne(Kind kind) {
    int levels = 3;
    int count = 81;
    double[] x = new double[count * 4];
    for (int i = 0; i < count; i++) {
      for (int p = 0, code = i; p < 4; p++, code /= levels) {
        x[i * 4 + p] = code % levels;
      }
    }
    Step step = whole(kind.net(), count);
    OracleRun run = moved(step);
    for (int label = 0; label < Math.max(1, kind.net().classes()); label++) {
      double[] labels = new double[count];
      Arrays.fill(labels, label);
      run.run(batch(step, Map.of("x", x, "label", labels)));
      double sum = Arrays.stream(run.report("nats")).map(n -> Math.exp(-n)).sum();
      assertEquals(1, sum, 1e-12);
    }
  }

  /** On the device, bit for bit: a pixel's distribution depends on earlier pixels, and on nothing else. */
  @ParameterizedTest
  @MethodSource("ofFive")
  void laterPixelsChangeNothingBefore(Kind kind) {
    int pixels = 25;
    PixelNet net = kind.net();
    int levels = Math.toIntExact(net.levels());
    Step step = whole(net, pixels);
    SplittableRandom random = new SplittableRandom(SEED);
    int[] one = random.ints(pixels, 0, levels).toArray();
    int[] same = new int[pixels * pixels];
    int[] changed = new int[pixels * pixels];
    for (int i = 0; i < pixels; i++) {
      System.arraycopy(one, 0, same, i * pixels, pixels);
      System.arraycopy(one, 0, changed, i * pixels, pixels);
      changed[i * pixels + i] = (one[i] + 1 + random.nextInt(levels - 1)) % levels;
    }
    try (Lathe lathe = Lathe.on("cpu");
        ModelState state = new ModelState(lathe, 3);
        BoundStep bound = BoundStep.bind(step, state)) {
      if (net.classes() > 0) {
        bound.input("label").write(new int[pixels]);
      }
      bound.input("x").write(same);
      bound.run();
      float[] before = bound.report("logits").toFloats();
      bound.input("x").write(changed);
      bound.run();
      float[] after = bound.report("logits").toFloats();
      boolean[] seen = new boolean[pixels];
      for (int i = 0; i < pixels; i++) {
        for (int p = 0; p < pixels; p++) {
          int at = (i * pixels + p) * levels;
          if (p <= i) {
            assertArrayEquals(
                Arrays.copyOfRange(before, at, at + levels), Arrays.copyOfRange(after, at, at + levels),
                "pixel " + p + " after a change of " + i + ", seed " + SEED);
          } else {
            seen[p] |= !Arrays.equals(before, at, at + levels, after, at, at + levels);
          }
        }
      }
      // At a few pixels the first weights may let every ReLU be silent.
      long depending = IntStream.range(1, pixels).filter(p -> seen[p]).count();
      assertTrue(depending >= 16, depending + " of 24 pixels depend on another, seed " + SEED);
    }
  }

  /** In the oracle: drawing one pixel at a time gives the logits of the whole net, draws by the noise and keeps what is given. */
  @ParameterizedTest
  @MethodSource("ofFive")
  void drawingGivesTheLogitsOfTheWholeNet(Kind kind) {
    PixelNet net = kind.net();
    int batch = 3;
    int n = batch * 25;
    int levels = Math.toIntExact(net.levels());
    SplittableRandom random = new SplittableRandom(SEED);
    double[] noise = random.doubles(n).map(u -> (float) u).toArray();
    double[] given = random.ints(n, 0, 2 * levels).mapToDouble(v -> v < levels ? v : PixelSampler.FREE).toArray();
    double[] labels = labels(batch, (int) net.classes());
    Step drawing = drawing(net, batch);
    OracleRun drawn = moved(drawing);
    drawn.run(batch(drawing, Map.of("noise", noise, "given", given, "label", labels)));
    double[] x = drawn.report("levels");
    Step step = whole(net, batch);
    OracleRun run = moved(step);
    run.run(batch(step, Map.of("x", x, "label", labels)));
    double[] logits = run.report("logits");
    assertArrayEquals(logits, drawn.report("logits"), 1e-10, "seed " + SEED);
    for (int i = 0; i < n; i++) {
      int expected = (int) given[i];
      if (expected == PixelSampler.FREE) {
        double[] p = Arrays.stream(logits, i * levels, (i + 1) * levels).map(Math::exp).toArray();
        double total = Arrays.stream(p).sum();
        double sum = 0;
        for (expected = 0; expected < levels - 1; expected++) {
          sum += p[expected] / total;
          if (noise[i] < sum) {
            break;
          }
        }
      }
      assertEquals(expected, x[i], "pixel " + i + ", seed " + SEED);
    }
  }

  @Test
  void theDeviceDrawsWhatTheOracleDraws() {
    for (Kind kind : kinds(4, 2)) {
      PixelNet net = kind.net();
      int batch = 5;
      double[] noise = new SplittableRandom(SEED).doubles(batch * 16L).map(u -> (float) u).toArray();
      double[] given = new double[batch * 16];
      Arrays.fill(given, PixelSampler.FREE);
      double[] labels = labels(batch, (int) net.classes());
      Step step = drawing(net, batch);
      Map<String, Literal> values = batch(step, Map.of("noise", noise, "given", given, "label", labels));
      OracleRun oracle = new OracleRun(step.trace(), 7);
      oracle.run(values);
      try (Lathe lathe = Lathe.on("cpu");
          ModelState state = new ModelState(lathe, 7);
          BoundStep bound = BoundStep.bind(step, state)) {
        values.forEach((name, value) -> bound.input(name).write(value));
        bound.run();
        assertArrayEquals(oracle.report("levels"), bound.report("levels").toDoubles(), kind + ", seed " + SEED);
        assertArrayEquals(oracle.report("logits"), bound.report("logits").toDoubles(), 1e-4, kind + ", seed " + SEED);
      }
    }
  }

  @Test
  void classesChangeTheDistribution() {
    PixelNet net = kinds(3, 2).get(1).net();
    Step step = whole(net, 3);
    OracleRun run = new OracleRun(step.trace(), 7);
    run.run(batch(step, Map.of("x", new double[27], "label", new double[]{0, 1, 2})));
    double[] nats = run.report("nats");
    assertNotEquals(nats[0], nats[1], 1e-6);
    assertNotEquals(nats[1], nats[2], 1e-6);
  }

  /** Against loops over the taps that the mask of the paper lets pass. */
  @ParameterizedTest
  @EnumSource
  void maskedConvolutionsSeeWhatTheirMaskLetsPass(Mask mask) {
    int h = 4;
    int w = 5;
    int size = 5;
    int reach = size / 2;
    MaskedConv2d conv = new MaskedConv2d(mask, 2, 3, size);
    Field field = Field.floats("x", 2, 2, h, w);
    Step step = Step.inference("s", conv, List.of(field), c -> c.report("y", conv.apply(c.input("x"))));
    OracleRun run = new OracleRun(step.trace(), 7);
    double[] x = new SplittableRandom(SEED).doubles(2L * 2 * h * w).map(v -> (float) v).toArray();
    run.set("bias", 0.5, -1, 2);
    run.run(Map.of("x", Literal.of(field.type(), x)));
    double[] weight = run.get("weight");
    boolean vertical = mask == Mask.ABOVE || mask == Mask.ABOVE_AND_ROW;
    int rows = vertical ? (int) conv.taps() : 1;
    int columns = vertical ? size : (int) conv.taps();
    double[] expected = new double[2 * 3 * h * w];
    for (int i = 0; i < expected.length; i++) {
      int b = i / (3 * h * w);
      int o = i / (h * w) % 3;
      int y = i / w % h;
      int z = i % w;
      expected[i] = run.get("bias")[o];
      for (int c = 0; c < 2; c++) {
        for (int r = 0; r < rows; r++) {
          for (int k = 0; k < columns; k++) {
            int fromY = vertical ? y + r - reach : y;
            int fromX = vertical ? z + k - reach : z + k - reach;
            if (fromY >= 0 && fromY < h && fromX >= 0 && fromX < w) {
              expected[i] += weight[((o * 2 + c) * rows + r) * columns + k] * x[((b * 2 + c) * h + fromY) * w + fromX];
            }
          }
        }
      }
    }
    assertArrayEquals(expected, run.report("y"), 1e-12, "seed " + SEED);
  }

  @Test
  void refusesWhatIsNoPictureModel() {
    assertThrows(IllegalArgumentException.class, () -> new MaskedConv2d(Mask.ABOVE, 1, 1, 4));
    assertThrows(
        IllegalArgumentException.class,
        () -> new PixelTransformer(new PixelTransformer.Options(1, 2, 4, 2, 4, 1)));
  }
}
