package org.lathe.models.zoo.convolutional;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lathe.compiler.runtime.Lathe;
import org.lathe.models.nn.Initializer;
import org.lathe.models.nn.Linear;
import org.lathe.models.nn.Sequential;
import org.lathe.models.optim.Adam;
import org.lathe.models.train.TrainingListener;
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
            Pictures.shapes(32), () -> PictureClassifier.Net.of(new Sequential(new Linear(3072, 10, Initializer.ZEROS))),
            x -> x.sub(0.5).flatten(1), new Adam(1e-3), 50, 6).withTrain(5_000));
    TrainResult result = linear.train(
        new TrainRequest(lathe, 1, null, null, directory, null, TrainingListener.NONE));
    assertTrue(result.value() > 0.12 && result.value() < 0.6, result.toString());
    assertTrue(Files.readString(directory.resolve("confusion.txt")).contains("crescent"));
    assertEquals(12 * 66 + 2, ImageIO.read(directory.resolve("predictions.png").toFile()).getWidth());
  }
}
