package org.lathe.models.zoo.adversarial;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lathe.compiler.runtime.Lathe;
import org.lathe.models.bench.StepWorkload;
import org.lathe.models.data.Column;
import org.lathe.models.data.Dataset;
import org.lathe.models.data.Shapes;
import org.lathe.models.train.Batches;
import org.lathe.models.train.BoundStep;
import org.lathe.models.train.EarlyStopping.Direction;
import org.lathe.models.train.ModelState;
import org.lathe.models.train.Trainer;
import org.lathe.models.train.TrainingTask;
import org.lathe.models.zoo.ResumeCheck;
import org.lathe.models.zoo.model.Blueprint;
import org.lathe.models.zoo.model.Card;
import org.lathe.models.zoo.model.RunRequest;
import org.lathe.models.zoo.model.TrainRequest;
import org.lathe.models.zoo.model.TrainResult;
import org.lathe.models.zoo.model.ZooModel;

class CycleGanTest {
  private final long seed = System.nanoTime();

  @TempDir
  private Path directory;

  private static float[] pixels(Dataset pictures) {
    return ((Column.Floats) pictures.column("image")).data();
  }

  /** Before training; in batches of which the last is not full. */
  @Test
  void generatorsBeginNearTheIdentity() throws IOException {
    Translations.Pictures pictures = Translations.Pictures.of(7, seed);
    try (Lathe lathe = Lathe.on("cpu");
        ModelState state = new ModelState(lathe, seed);
        BoundStep translate = BoundStep.bind(new CycleGanModel().blueprint(3).inference(), state)) {
      Translations made = Translations.of(translate, pictures);
      assertEquals(0, difference(pixels(pictures.plain()), made.striped()), 0.15, "seed " + seed);
      assertEquals(0, difference(pixels(pictures.striped()), made.plain()), 0.15, "seed " + seed);
      assertEquals(0, made.cycleError(), 0.3, "seed " + seed);

      Path file = directory.resolve("translated.png");
      made.write(file, 5);
      BufferedImage picture = ImageIO.read(file.toFile());
      assertEquals(List.of(5 * (64 + 2) + 2, 4 * (64 + 2) + 2), List.of(picture.getWidth(), picture.getHeight()));
    }
  }

  /** The mean absolute difference, which is about 0.5 between pictures of the two styles. */
  private static double difference(float[] expected, float[] found) {
    assertEquals(expected.length, found.length);
    return IntStream.range(0, expected.length).mapToDouble(i -> Math.abs(expected[i] - found[i])).average()
        .orElseThrow();
  }

  /** What a translation has to change, and what the bar of the cycle error is half of. */
  @Test
  void stylesDifferInStripesAndPicturesFromTheirMeanColour() {
    int count = 300;
    Translations.Pictures pictures = Translations.Pictures.of(count, seed);
    double plain = Translations.stripes(pixels(pictures.plain()), pictures.plain());
    double striped = Translations.stripes(pixels(pictures.striped()), pictures.striped());
    assertEquals(0, plain, 0.01, "seed " + seed);
    assertTrue(striped > 0.2, striped + ", seed " + seed);
    double flat = (meanColourError(pictures.plain()) + meanColourError(pictures.striped())) / 2;
    assertEquals(2 * new CycleGanModel().bar(), flat, 0.008, "seed " + seed);
  }

  /** Both styles of a seed show the same figures: the one is what a perfect translator makes of the other. */
  @Test
  void aPerfectTranslationGoesAllTheWay() {
    int count = 200;
    Translations.Pictures pictures = Translations.Pictures.of(count, seed);
    Shapes.Options options = Shapes.Options.of(Translations.SIDE);
    float[] striped = pixels(Shapes.generate(count, options.withStyle(Shapes.Style.STRIPED), seed));
    float[] plain = pixels(Shapes.generate(count, options, ~seed));
    double way = new Translations(pictures, striped, plain, 0).restriped();
    assertEquals(1, way, 0.2, "seed " + seed);
    double none = new Translations(pictures, pixels(pictures.plain()), pixels(pictures.striped()), 0).restriped();
    assertEquals(0, none, 1e-9, "seed " + seed);
  }

  /** The row's own training step, on a few pictures, without the judge. */
  private static final class Few extends ZooModel {
    private static final int BATCH = 2;
    private final CycleGanModel whole = new CycleGanModel();

    Few() {
      super(new Card("few", Adversarial.FAMILY, "none", "cycle_error", Direction.LOWER, 1, "shapes"));
    }

    @Override
    public TrainResult train(TrainRequest request) throws IOException {
      Translations.Pictures pictures = Translations.Pictures.of(3 * BATCH, request.seed());
      try (ModelState state = new ModelState(request.lathe(), request.seed());
          BoundStep step = BoundStep.bind(blueprint(BATCH).training().getFirst(), state);
          BoundStep translate = BoundStep.bind(blueprint(BATCH).inference(), state)) {
        TrainingTask task = TrainingTask.over(
            step, new Batches(pictures.unpaired(), step, request.seed()),
            () -> Map.of("cycle_error", Translations.of(translate, pictures).cycleError()));
        Trainer.Outcome outcome = Trainer.train(state, task, request.options(name(), 1));
        double error = Translations.of(translate, pictures).cycleError();
        return card().result(error, outcome.seconds(), outcome.checkpoint());
      }
    }

    @Override
    public Map<String, Double> run(RunRequest request) {
      throw new UnsupportedOperationException();
    }

    @Override
    public Blueprint blueprint(long batch) {
      return whole.blueprint(batch);
    }

    @Override
    public long batch() {
      return BATCH;
    }

    @Override
    public StepWorkload.Values values() {
      return whole.values();
    }
  }

  @Test
  void aTrainingThatWasEndedResumesBitForBit() throws IOException {
    try (Lathe lathe = Lathe.on("cpu")) {
      ResumeCheck.check(new Few(), lathe, directory, 2, 5);
    }
  }

  private static double meanColourError(Dataset pictures) {
    int size = Translations.SIDE * Translations.SIDE;
    float[] all = pixels(pictures);
    double error = 0;
    for (int from = 0; from < all.length; from += size) {
      float[] map = Arrays.copyOfRange(all, from, from + size);
      double mean = 0;
      for (float v : map) {
        mean += v / size;
      }
      for (float v : map) {
        error += Math.abs(v - mean) / all.length;
      }
    }
    return error;
  }
}
