package org.lathe.models.zoo.flows;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.SplittableRandom;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lathe.compiler.runtime.Lathe;
import org.lathe.models.data.Points;
import org.lathe.models.train.TrainingListener;
import org.lathe.models.zoo.ResumeCheck;
import org.lathe.models.zoo.Zoo;
import org.lathe.models.zoo.model.TrainRequest;
import org.lathe.models.zoo.model.TrainResult;

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
    try (Lathe lathe = Lathe.on("cpu")) {
      TrainResult result = Zoo.find("realnvp").orElseThrow()
          .train(new TrainRequest(lathe, 11, 1, null, directory, null, TrainingListener.NONE));
      assertTrue(result.passed(), result.toString());
      for (String name : new String[]{"samples.png", "density.png", "curve.png"}) {
        assertTrue(ImageIO.read(Files.newInputStream(directory.resolve(name))).getWidth() > 28, name);
      }
    }
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
