package org.lathe.models.zoo.convolutional;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.Consumer;
import java.util.random.RandomGenerator;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lathe.compiler.ir.Literal;
import org.lathe.compiler.op.Convolutions;
import org.lathe.compiler.op.Tensor;
import org.lathe.compiler.runtime.Lathe;
import org.lathe.models.nets.AttentiveCnn;
import org.lathe.models.nets.ResNet;
import org.lathe.models.nn.BatchNorm;
import org.lathe.models.nn.Boxes;
import org.lathe.models.nn.Conv2d;
import org.lathe.models.nn.Forward;
import org.lathe.models.nn.HighwayLayer;
import org.lathe.models.nn.Initializer;
import org.lathe.models.nn.Linear;
import org.lathe.models.nn.LocalResponseNorm;
import org.lathe.models.nn.Module;
import org.lathe.models.nn.Sequential;
import org.lathe.models.optim.Adam;
import org.lathe.models.train.Field;
import org.lathe.models.train.OracleRun;
import org.lathe.models.train.Step;
import org.lathe.models.train.StepContext;
import org.lathe.models.train.TrainingListener;
import org.lathe.models.zoo.ResumeCheck;
import org.lathe.models.zoo.model.TrainRequest;
import org.lathe.models.zoo.model.TrainResult;
import org.lathe.models.zoo.parts.PictureClassifier;
import org.lathe.models.zoo.parts.Pictures;

class ConvolutionalTest {
  private static Lathe lathe;

  @TempDir
  private Path directory;

  @BeforeAll
  static void open() {
    lathe = Lathe.on("cpu");
  }

  @AfterAll
  static void close() {
    lathe.close();
  }

  /** The bars of convolutional networks mean something: 0.95 is the lowest of them. */
  @Test
  void aLinearModelOfShapesIsFarBelowTheBars() throws IOException {
    PictureClassifier linear = new PictureClassifier(
        "linear", "test", "none", 0.95,
        new PictureClassifier.Parts(
            Pictures.shapes(32),
            () -> PictureClassifier.Net.of(new Sequential(new Linear(3072, 10, Initializer.ZEROS))),
            x -> x.sub(0.5).flatten(1), new Adam(1e-3), 50, 6).withTrain(5_000));
    TrainResult result = linear.train(
        new TrainRequest(lathe, 1, null, null, directory, null, TrainingListener.NONE));
    assertTrue(result.value() > 0.12 && result.value() < 0.6, result.toString());
    assertTrue(Files.readString(directory.resolve("confusion.txt")).contains("crescent"));
    assertEquals(12 * 66 + 2, ImageIO.read(directory.resolve("predictions.png").toFile()).getWidth());
  }

  private final RandomGenerator random = new SplittableRandom(System.nanoTime());

  private double[] normal(int n) {
    return random.doubles(n).map(x -> (float) (4 * x - 2)).toArray();
  }

  private static OracleRun inference(Module model, List<Field> fields, Consumer<StepContext> body) {
    return new OracleRun(Step.inference("step", model, fields, body).trace(), 3);
  }

  private static Literal literal(Field f, double[] values) {
    return Literal.of(f.type(), values);
  }

  /** AlexNet's normalisation against its formula, written out. */
  @Test
  void localResponsesAreDividedByTheirNeighbours() {
    int channels = 7;
    Field x = Field.floats("x", 1, channels, 1, 3);
    LocalResponseNorm norm = new LocalResponseNorm(5, 0.3, 0.75, 2);
    OracleRun run = inference(new Sequential(), List.of(x), c -> c.report("y", norm.apply(c.input("x"))));
    double[] values = normal(channels * 3);
    run.run(Map.of("x", literal(x, values)));
    for (int c = 0; c < channels; c++) {
      for (int p = 0; p < 3; p++) {
        double sum = 0;
        for (int k = Math.max(0, c - 2); k <= Math.min(channels - 1, c + 2); k++) {
          sum += values[k * 3 + p] * values[k * 3 + p];
        }
        assertEquals(values[c * 3 + p] / Math.pow(2 + 0.3 * sum, 0.75), run.report("y")[c * 3 + p], 1e-6);
      }
    }
  }

  /** A shut gate carries its input on, an open one transforms it. */
  @Test
  void highwayLayersAreTheirLimits() {
    Field x = Field.floats("x", 2, 3, 4, 5);
    double[] values = normal(2 * 3 * 4 * 5);
    double[][] found = new double[3][];
    double[] transformed = {};
    for (int i = 0; i < 3; i++) {
      HighwayLayer layer = new HighwayLayer(3, (i - 1) * 1e4);
      Conv2d same = new Conv2d(3, 3, 3, Convolutions.Options.of(1, 1));
      OracleRun run = inference(layer, List.of(x), c -> c.report("y", layer.apply(c.input("x"))));
      OracleRun plain = inference(same, List.of(x), c -> c.report("y", same.apply(c.input("x")).relu()));
      plain.set("weight", run.get("transform.weight"));
      run.run(Map.of("x", literal(x, values)));
      plain.run(Map.of("x", literal(x, values)));
      found[i] = run.report("y");
      transformed = plain.report("y");
    }
    assertArrayEquals(values, found[0], 1e-6);
    assertArrayEquals(transformed, found[2], 1e-6);
    assertTrue(Math.abs(found[1][0] - found[0][0]) > 1e-9 || Math.abs(found[1][1] - found[0][1]) > 1e-9);
  }

  /** Areas by counting the points of a grid. */
  @Test
  void boxesOverlapAsCounted() {
    int n = 9;
    int grid = 20;
    double[] a = new double[4 * n];
    double[] b = new double[4 * n];
    for (int i = 0; i < n; i++) {
      for (double[] boxes : List.of(a, b)) {
        for (int d = 0; d < 2; d++) {
          int low = random.nextInt(grid - 1);
          boxes[4 * i + d] = low;
          boxes[4 * i + 2 + d] = low + 1 + random.nextInt(grid - low);
        }
      }
    }
    System.arraycopy(a, 0, b, 0, 4);
    Field first = Field.floats("a", n, 4);
    Field second = Field.floats("b", n, 4);
    OracleRun run = inference(
        new Sequential(), List.of(first, second),
        c -> c.report("iou", Boxes.intersectionOverUnion(c.input("a"), c.input("b"))));
    run.run(Map.of("a", literal(first, a), "b", literal(second, b)));
    for (int i = 0; i < n; i++) {
      int shared = 0;
      int either = 0;
      for (int p = 0; p < (grid + 1) * (grid + 1); p++) {
        boolean inA = holds(a, i, p % (grid + 1), p / (grid + 1));
        boolean inB = holds(b, i, p % (grid + 1), p / (grid + 1));
        shared += inA && inB ? 1 : 0;
        either += inA || inB ? 1 : 0;
      }
      assertEquals((double) shared / either, run.report("iou")[i], 1e-6);
    }
    assertEquals(1, run.report("iou")[0], 1e-6);
  }

  private static boolean holds(double[] boxes, int i, int x, int y) {
    return x >= boxes[4 * i] && x < boxes[4 * i + 2] && y >= boxes[4 * i + 1] && y < boxes[4 * i + 3];
  }

  /** The weights of Wierstra et al., sorted and written out. */
  @Test
  void utilitiesGoByRank() {
    int n = 6;
    Field loss = Field.floats("loss", n);
    OracleRun run = inference(
        new Sequential(), List.of(loss), c -> c.report("u", NaturalEvolution.utilities(c.input("loss"))));
    run.run(Map.of("loss", literal(loss, new double[]{3, 1, 9, 2, 7, 5})));
    int[] ranks = {3, 1, 6, 2, 5, 4};
    double sum = 0;
    for (int r = 1; r <= n; r++) {
      sum += Math.max(0, Math.log(4) - Math.log(r));
    }
    for (int i = 0; i < n; i++) {
      double expected = Math.max(0, Math.log(4) - Math.log(ranks[i])) / sum - 1.0 / n;
      assertEquals(expected, run.report("u")[i], 1e-6);
    }
  }

  /** The distribution of a natural evolution strategy finds the least place of a bowl. */
  @Test
  void evolutionFindsTheBottom() {
    NaturalEvolution search = new NaturalEvolution(20, 0.5, 2, 3);
    double[] bottom = {0.5, -0.8, 0.2, -0.3, 0.9, 0};
    Field goal = Field.floats("goal", 2, 3);
    OracleRun run = new OracleRun(
        Step.rule(
            "evolve", search, List.of(goal), "natural evolution strategies",
            c -> {
              Tensor draws = search.draw(c);
              search.update(
                  c, draws, search.candidates(draws).sub(c.input("goal").expandDims(0)).square().sum(1, 2));
            }).trace(),
        5);
    for (int t = 0; t < 150; t++) {
      run.run(Map.of("goal", literal(goal, bottom)));
    }
    assertArrayEquals(bottom, run.get("mean"), 0.02);
  }

  /** Weights of 1 change nothing, a weight of 0 takes its map away. */
  @Test
  void mapsAreWeighted() {
    AttentiveCnn cnn = new AttentiveCnn(2, 2, 5);
    int maps = (int) cnn.maps();
    assertEquals(6, maps);
    Field image = Field.floats("image", 1, 3, 4, 4);
    Field weights = Field.floats("weights", 1, maps);
    OracleRun run = inference(
        cnn, List.of(image, weights),
        c -> {
          c.report("plain", cnn.apply(c.input("image")).logits());
          AttentiveCnn.Pass pass = cnn.apply(c.input("image"), c.input("weights"));
          c.report("weighted", pass.logits());
          c.report("activity", pass.activity());
        });
    double[] ones = {1, 1, 1, 1, 1, 1};
    double[] values = normal(48);
    run.run(Map.of("image", literal(image, values), "weights", literal(weights, ones)));
    assertArrayEquals(run.report("plain"), run.report("weighted"), 1e-9);
    double[] others = {1, 0, 1, 1, 1, 1};
    run.run(Map.of("image", literal(image, values), "weights", literal(weights, others)));
    assertEquals(0, run.report("activity")[1], 0);
  }

  /** A frozen part of a training step neither moves its running means nor uses its batch. */
  @Test
  void whatInfersKeepsItsStatistics() {
    BatchNorm norm = new BatchNorm(2);
    Field x = Field.floats("x", 3, 2);
    OracleRun run = new OracleRun(
        Step.rule(
            "step", norm, List.of(x), "nothing",
            c -> c.report("y", Forward.current().inferring(() -> norm.apply(c.input("x"))))).trace(),
        1);
    run.set("mean", 1, 2);
    run.set("variance", 4, 9);
    run.run(Map.of("x", literal(x, new double[]{1, 2, 3, 5, 5, 8})));
    assertArrayEquals(new double[]{0, 0, 1, 1, 2, 2}, run.report("y"), 1e-4);
    assertArrayEquals(new double[]{1, 2}, run.get("mean"), 0);
  }

  @Test
  void aKilledRunEndsAsAnUnbrokenOne() throws IOException {
    PictureClassifier small = new PictureClassifier(
        "small", "test", "none", 0.95,
        new PictureClassifier.Parts(
            Pictures.shapes(16),
            () -> PictureClassifier.Net.of(new ResNet(ResNet.Options.resnet56(10).withWidth(2).withDepths(1, 1))),
            x -> x, new Adam(1e-3), 20, 2).withTrain(400));
    ResumeCheck.check(small, lathe, directory, 3, 19 + random.nextInt(30));
  }
}
