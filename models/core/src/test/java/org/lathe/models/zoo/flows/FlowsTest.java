package org.lathe.models.zoo.flows;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SplittableRandom;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lathe.compiler.runtime.Lathe;
import org.lathe.models.data.Column;
import org.lathe.models.data.Points;
import org.lathe.models.train.TrainingListener;
import org.lathe.models.zoo.ResumeCheck;
import org.lathe.models.zoo.Zoo;
import org.lathe.models.zoo.model.RequestException;
import org.lathe.models.zoo.model.RunRequest;
import org.lathe.models.zoo.model.TrainRequest;
import org.lathe.models.zoo.model.TrainResult;
import org.lathe.models.zoo.model.ZooModel;

class FlowsTest {
  @TempDir
  private Path directory;

  @Test
  void niceResumesBitForBit() throws IOException {
    try (Lathe lathe = Lathe.on("cpu")) {
      ResumeCheck.check(Zoo.find("nice").orElseThrow(), lathe, directory, 2, 517);
    }
  }

  /** One epoch of a few is enough for the affine one. */
  @Test
  void realnvpPassesAndShowsPictures() throws IOException {
    ZooModel model = Zoo.find("realnvp").orElseThrow();
    try (Lathe lathe = Lathe.on("cpu")) {
      TrainResult result = model.train(new TrainRequest(lathe, 11, 1, null, directory, null, TrainingListener.NONE));
      assertTrue(result.passed(), result.toString());
      for (String name : new String[]{"samples.png", "density.png", "curve.png"}) {
        assertTrue(ImageIO.read(Files.newInputStream(directory.resolve(name))).getWidth() > 28, name);
      }
      Path checkpoint = Objects.requireNonNull(result.checkpoint());
      drawsWhereTheDataLies(model, lathe, checkpoint);
      goesFromOneEndToTheOther(model, lathe, checkpoint);
    }
  }

  private void drawsWhereTheDataLies(ZooModel model, Lathe lathe, Path checkpoint) throws IOException {
    Path out = directory.resolve("drawn");
    Map<String, Double> measured = model.run(
        new RunRequest(lathe, checkpoint, 1009, 3, null, out, (kind, line, fields) -> assertEquals("picture", kind)));
    assertTrue(measured.get("near_share") > 0.9, measured.toString());
    BufferedImage density = ImageIO.read(out.resolve("density.png").toFile());
    // The middle of the upper moon is bright in both halves, and what lies far from both is black.
    assertTrue(level(density, 0, 0, 1) > 200 && level(density, 1, 0, 1) > 200);
    assertTrue(level(density, 0, -1.5, 2) < 50 && level(density, 1, -1.5, 2) == 0);
  }

  /** The pixel that shows a point of the plane, in a picture of two halves. */
  private static int level(BufferedImage picture, int half, double x, double y) {
    float[] plane = FlowPictures.plane();
    int nearest = 0;
    for (int i = 0; i < plane.length / 2; i++) {
      if (Math.hypot(plane[2 * i] - x, plane[2 * i + 1] - y) < Math.hypot(plane[2 * nearest] - x,
          plane[2 * nearest + 1] - y)) {
        nearest = i;
      }
    }
    int side = FlowPictures.SIDE;
    int gap = (picture.getWidth() - 2 * side) / 3;
    return picture.getRaster().getSample(gap + half * (side + gap) + nearest % side, gap + nearest / side, 0);
  }

  private void goesFromOneEndToTheOther(ZooModel model, Lathe lathe, Path checkpoint) throws IOException {
    List<Map<String, ?>> way = new ArrayList<>();
    Path out = directory.resolve("way");
    model.run(
        new RunRequest(lathe, checkpoint, 7, 3, "between:-1,0,2,0.5", out, (kind, line, fields) -> {
          if (kind.equals("sample")) {
            way.add(fields);
          }
        }));
    assertEquals(7, way.size());
    assertArrayEquals(new double[]{-1, 0}, place(way.getFirst()), 1e-3);
    assertArrayEquals(new double[]{2, 0.5}, place(way.getLast()), 1e-3);
    assertTrue(ImageIO.read(out.resolve("way.png").toFile()).getWidth() > 28);
    for (String wrong : List.of("class:3", "between:1,2,3", "between:1,2,3,x", "between:1,2,3,NaN",
        "between:0,0,3e38,3e38")) {
      RequestException e = assertThrows(
          RequestException.class,
          () -> model.run(new RunRequest(lathe, checkpoint, 7, 3, wrong, out, (kind, line, fields) -> {})));
      assertTrue(e.getMessage().startsWith("--data " + wrong), e.getMessage());
    }
    assertThrows(
        RequestException.class,
        () -> model.run(new RunRequest(lathe, checkpoint, 1, 3, "between:0,0,1,1", out, (kind, line, fields) -> {})));
  }

  private static double[] place(Map<String, ?> point) {
    return new double[]{((Number) point.get("x")).doubleValue(), ((Number) point.get("y")).doubleValue()};
  }

  @Test
  void pointsOfTheDataAreNear() {
    float[] data = ((Column.Floats) Points.twoMoons(2000, 0.1, 5).column("x")).data();
    float[] others = ((Column.Floats) Points.twoMoons(2000, 0.1, 6).column("x")).data();
    assertEquals(0.99, FlowPictures.near(data, others, 0.1), 0.01);
    float[] far = new float[26];
    Arrays.fill(far, 3);
    assertEquals(0, FlowPictures.near(data, far, 0.1));
  }

  /** Against the density's integral over a grid, and against points drawn from it: the mean of 1 / density is the area. */
  @Test
  void theMoonsDensityIsADensity() {
    double noise = 0.1;
    double cell = 0.02;
    double sum = 0;
    for (double x = -2; x < 3; x += cell) {
      for (double y = -1.5; y < 2; y += cell) {
        sum += Math.exp(Points.twoMoonsLogDensity(x, y, noise)) * cell * cell;
      }
    }
    assertEquals(1, sum, 1e-3);
    assertEquals(
        Points.twoMoonsLogDensity(0.3, 0.9, noise), Points.twoMoonsLogDensity(0.7, -0.4, noise), 1e-9,
        "one moon is the other, turned");
  }

  @Test
  void theFittedGaussianIsTheOneDrawnFrom() {
    SplittableRandom random = new SplittableRandom(4);
    float[] points = new float[200_000];
    for (int i = 0; i < points.length; i += 2) {
      double u = random.nextGaussian();
      points[i] = (float) (1 + 2 * u);
      points[i + 1] = (float) (-3 + u + 0.5 * random.nextGaussian());
    }
    FittedGaussian fitted = FittedGaussian.of(points);
    assertEquals(1, fitted.meanX(), 0.03);
    assertEquals(-3, fitted.meanY(), 0.03);
    assertEquals(4, fitted.xx(), 0.06);
    assertEquals(2, fitted.xy(), 0.04);
    assertEquals(1.25, fitted.yy(), 0.03);
    // At the mean: 1 / (2 pi sqrt(det)), det = 4 * 1.25 - 4 = 1.
    assertEquals(-Math.log(2 * Math.PI), fitted.logDensity(1, -3), 0.02);
  }
}
