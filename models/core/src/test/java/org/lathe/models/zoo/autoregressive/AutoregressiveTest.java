package org.lathe.models.zoo.autoregressive;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lathe.compiler.runtime.Lathe;
import org.lathe.hal.Dims;
import org.lathe.models.data.Column;
import org.lathe.models.data.Dataset;
import org.lathe.models.data.Digits;
import org.lathe.models.data.LevelPictures;
import org.lathe.models.nets.GatedPixelCnn;
import org.lathe.models.nets.PixelNet;
import org.lathe.models.nn.PixelSampler;
import org.lathe.models.train.Checkpoint;
import org.lathe.models.train.ModelState;
import org.lathe.models.zoo.Zoo;
import org.lathe.models.zoo.model.RequestException;
import org.lathe.models.zoo.model.RunRequest;
import org.lathe.models.zoo.model.ZooModel;

class AutoregressiveTest {
  private static final int FREE = PixelSampler.FREE;

  @TempDir
  private Path directory;

  /** Two pixels, of which the second is 0 in one picture of four, 2 in three. */
  private static Dataset pictures() {
    int[] level = {1, 0, 1, 2, 1, 2, 1, 2};
    return new Dataset("made", List.of(new Column.Ints("level", Dims.of(1, 2), level)));
  }

  @Test
  void independentPixelsAreCounted() {
    IndependentPixels baseline = new IndependentPixels(pictures(), 3, 0);
    // With one more of each level: (1, 5, 1) / 7 and (2, 1, 4) / 7.
    double expected = -(4 * log2(5 / 7.0) + log2(2 / 7.0) + 3 * log2(4 / 7.0)) / 8;
    assertEquals(expected, baseline.bitsPerPixel(pictures()), 1e-12);
  }

  /** The first two pictures are of one class, the others of another. */
  @Test
  void independentPixelsMayKnowTheClass() {
    Dataset labelled = new Dataset(
        "made", List.of(pictures().column("level"), new Column.Ints("label", Dims.of(), new int[]{1, 1, 0, 0})));
    IndependentPixels baseline = new IndependentPixels(labelled, 3, 2);
    // Class 1: (1, 3, 1) / 5 and (2, 1, 2) / 5; class 0: (1, 3, 1) / 5 and (1, 1, 3) / 5.
    double expected = -(6 * log2(3 / 5.0) + 2 * log2(2 / 5.0)) / 8;
    assertEquals(expected, baseline.bitsPerPixel(labelled), 1e-12);
    assertArrayEquals(
        new int[]{1, 2}, baseline.draw(new int[]{1, 2}, FREE, labelled.range(0, 1), 1), "all is given");
  }

  private static double log2(double x) {
    return Math.log(x) / Math.log(2);
  }

  @Test
  void independentPixelsAreDrawnAsCounted() {
    IndependentPixels baseline = new IndependentPixels(pictures(), 3, 0);
    int count = 70_000;
    int[] given = new int[2 * count];
    Arrays.fill(given, FREE);
    given[4] = 0;
    Dataset any = new Dataset("any", List.of(new Column.Ints("label", Dims.of(), new int[count])));
    int[] drawn = baseline.draw(given, FREE, any, 5);
    assertEquals(0, drawn[4]);
    int[] found = new int[3];
    for (int i = 1; i < drawn.length; i += 2) {
      found[drawn[i]]++;
    }
    assertEquals(20_000, found[0], 700);
    assertEquals(10_000, found[1], 500);
    assertEquals(40_000, found[2], 700);
  }

  @Test
  void picturesAreShrunkAndCut() {
    float[] image = {0, 0, 1, 1, 0.5f, 0.5f, 1, 1, 0.9f, 0.1f, 0.24f, 0.24f, 0.5f, 0.5f, 0.24f, 0.24f};
    Dataset small = LevelPictures.of(
        new Dataset(
            "made",
            List.of(new Column.Floats("image", Dims.of(1, 4, 4), image), new Column.Ints("label", Dims.of(),
                new int[]{7}))),
        4);
    int[] level = ((Column.Ints) small.column("level")).data();
    assertArrayEquals(new int[]{1, 3, 2, 0}, level);
    assertArrayEquals(
        new float[]{1 / 3f, 1 / 3f, 1, 1, 1 / 3f, 1 / 3f, 1, 1, 2 / 3f, 2 / 3f, 0, 0, 2 / 3f, 2 / 3f, 0, 0},
        LevelPictures.grey(level, 2, 4), 1e-6f);
    assertThrows(IllegalArgumentException.class, () -> LevelPictures.of(Digits.generate(1, 1), 1));
  }

  /** Made digits fill all levels, and most of a picture is paper. */
  @Test
  void digitsHaveAllLevels() {
    Dataset small = LevelPictures.of(Digits.generate(200, 3), 4);
    int[] found = new int[4];
    for (int v : ((Column.Ints) small.column("level")).data()) {
      found[v]++;
    }
    int pixels = 200 * 14 * 14;
    assertTrue(Arrays.stream(found).min().orElseThrow() > pixels / 50 && found[0] > pixels / 2, Arrays.toString(found));
  }

  /** More pictures than are drawn at a time, the last time not all; given pixels stay, and the seed fixes all others. */
  @Test
  void drawsInParts() {
    PixelNet net = new GatedPixelCnn(new GatedPixelCnn.Options(4, 3, 3, 2, 3, 3, 4, 2));
    try (Lathe lathe = Lathe.on("cpu");
        ModelState state = new ModelState(lathe, 1);
        Drawing drawing = new Drawing(net, 3, state)) {
      int[] levels = new int[7 * 16];
      Arrays.setAll(levels, i -> i % 3);
      int[] halves = Drawing.upperHalves(levels, 16);
      int[] labels = {0, 1, 0, 1, 1, 0, 1};
      int[] drawn = drawing.draw(halves, labels, 4);
      for (int i = 0; i < drawn.length; i++) {
        assertTrue(drawn[i] >= 0 && drawn[i] < 3);
        if (i % 16 < 8) {
          assertEquals(levels[i], drawn[i]);
        } else {
          assertEquals(FREE, halves[i]);
        }
      }
      assertArrayEquals(drawn, drawing.draw(halves, labels, 4));
      assertTrue(!Arrays.equals(drawn, drawing.draw(halves, labels, 5)));
    }
  }

  @Test
  void runsWhatIsAskedFor() throws IOException {
    for (ZooModel model : Autoregressive.models()) {
      boolean conditional = model.name().startsWith("conditional");
      try (Lathe lathe = Lathe.on("cpu")) {
        Path file = directory.resolve(model.name() + ".safetensors");
        try (ModelState state = new ModelState(lathe, 5)) {
          state.include(model.blueprint(1).inference().trace());
          new Checkpoint(model.name(), 5, 0, 0, 0, List.of()).write(file, state);
        }
        if (!conditional) {
          assertThrows(RequestException.class, () -> run(model, lathe, file, "class:3"));
          continue;
        }
        assertEquals(List.of("generated.png"), run(model, lathe, file, "class:3,7"));
        assertThrows(RequestException.class, () -> run(model, lathe, file, "class:twelve"));
      }
    }
    assertTrue(Zoo.family(Autoregressive.FAMILY).orElseThrow().size() > 0);
  }

  private List<String> run(ZooModel model, Lathe lathe, Path checkpoint, String data) throws IOException {
    List<String> files = new ArrayList<>();
    model.run(
        new RunRequest(
            lathe, checkpoint, 5, 3, data, directory.resolve("out"),
            (kind, line, fields) -> files.add((String) fields.get("file"))));
    for (String file : files) {
      assertTrue(ImageIO.read(Files.newInputStream(Path.of(file))).getWidth() > 28);
    }
    return files.stream().map(f -> Path.of(f).getFileName().toString()).toList();
  }
}
