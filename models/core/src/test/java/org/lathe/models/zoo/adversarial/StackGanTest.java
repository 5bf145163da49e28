package org.lathe.models.zoo.adversarial;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lathe.compiler.ir.Literal;
import org.lathe.compiler.op.Tensor;
import org.lathe.compiler.runtime.Lathe;
import org.lathe.models.data.Column;
import org.lathe.models.data.Grammar;
import org.lathe.models.data.Shapes;
import org.lathe.models.nets.StackGan;
import org.lathe.models.nn.Linear;
import org.lathe.models.train.Field;
import org.lathe.models.train.OracleRun;
import org.lathe.models.train.Step;
import org.lathe.models.train.Trainer;
import org.lathe.models.train.TrainingListener;
import org.lathe.models.zoo.ResumeCheck;
import org.lathe.models.zoo.model.RequestException;
import org.lathe.models.zoo.model.RunRequest;
import org.lathe.models.zoo.model.TrainRequest;

class StackGanTest {
  private static final int BATCH = 6;

  @TempDir
  Path directory;

  /** Of the real sides, but few channels. */
  private static StackGanModel small() {
    StackGan.Options nets = new StackGan.Options(
        Shapes.vocabulary().size(), Grammar.PAD, 5, 4, 32, 6, List.of(4L, 3L, 3L), 3, 1, List.of(3L, 3L, 4L),
        List.of(2L, 2L, 3L, 4L), 6);
    StackGanModel.Length length = new StackGanModel.Length(12, 1, 1);
    return new StackGanModel(
        new StackGanModel.Sizes(nets, 4, length, length, new StackGanModel.Judging(64, 1), 7, 40));
  }

  @Test
  void aWrongCaptionDiffersInItsPartAlone() {
    long seed = System.nanoTime();
    int words = Shapes.WORDS;
    int[] right = ((Column.Ints) Shapes.generate(BATCH, Shapes.Options.of(8), seed).column("caption")).data();
    Field field = Field.ints("caption", BATCH, words);
    OracleRun run = new OracleRun(
        Step.inference(
            "wrong", new Linear(1, 1), List.of(field),
            c -> {
              c.report("figures", WrongCaptions.figures(c.input("caption")));
              c.report("colours", WrongCaptions.colours(c.input("caption")));
              c.report("places", WrongCaptions.places(c.input("caption")));
            }).trace(),
        seed);
    run.run(Map.of("caption", Literal.of(field.type(), Arrays.stream(right).asDoubleStream().toArray())));
    List<String> figures = Shapes.classes();
    List<String> colours = Arrays.stream(Shapes.Colour.values()).map(Shapes.Colour::word).toList();
    for (int i = 0; i < BATCH; i++) {
      List<Integer> caption = Arrays.stream(right, i * words, (i + 1) * words).boxed().toList();
      assertEquals(changed(caption, 3, figures), captions(run.report("figures"), i, 9), "seed " + seed);
      assertEquals(changed(caption, 2, colours), captions(run.report("colours"), i, 6), "seed " + seed);
      int next = (i + 1) % BATCH * words;
      List<Integer> moved = new ArrayList<>(Arrays.stream(right, next, next + words).boxed().toList());
      moved.set(2, caption.get(2));
      moved.set(3, caption.get(3));
      assertEquals(Set.of(moved), captions(run.report("places"), i, 1), "seed " + seed);
    }
  }

  /** A caption with each other word of a kind. */
  private static Set<List<Integer>> changed(List<Integer> caption, int position, List<String> words) {
    Set<List<Integer>> all = new HashSet<>();
    for (String word : words) {
      List<Integer> other = new ArrayList<>(caption);
      other.set(position, Shapes.vocabulary().token(word));
      all.add(other);
    }
    assertTrue(all.remove(caption), "the caption is none of its kind");
    return all;
  }

  private static Set<List<Integer>> captions(double[] tokens, int index, int each) {
    Set<List<Integer>> all = new HashSet<>();
    for (int k = index * each; k < (index + 1) * each; k++) {
      all.add(
          Arrays.stream(tokens, k * Shapes.WORDS, (k + 1) * Shapes.WORDS).mapToObj(t -> (int) t).toList());
    }
    return all;
  }

  @Test
  void aRunThatIsStoppedInTheSecondStageGoesOnAsIfItHadNot() throws IOException {
    try (Lathe lathe = Lathe.on("cpu")) {
      ResumeCheck.check(small(), lathe, directory, 4, 11);
    }
  }

  @Test
  void drawsTheCaptionsThatItIsAskedFor() throws IOException {
    try (Lathe lathe = Lathe.on("cpu")) {
      small().train(new TrainRequest(lathe, 5, 1, null, directory, null, TrainingListener.NONE));
      assertTrue(Files.exists(directory.resolve("samples.png")));
      Path captions = directory.resolve("captions.txt");
      Files.writeString(captions, "A large blue ring in the centre\n\na small red star at the top left\n");
      List<String> lines = List.of("a large blue ring in the centre", "a small red star at the top left");
      assertEquals(List.of(lines.get(0), lines.get(1), lines.get(0)), drawn(lathe, "text:" + captions, 3));
      assertEquals(List.of(lines.get(1)), drawn(lathe, "caption:" + lines.get(1), 1));
      int height = ImageIO.read(directory.resolve("drawn.png").toFile()).getHeight();
      assertEquals(10, drawn(lathe, "caption:" + lines.get(1), null).size());
      assertTrue(ImageIO.read(directory.resolve("drawn.png").toFile()).getHeight() > 9 * height);
      assertEquals(4, drawn(lathe, null, 4).size());
      for (String wrong : List.of("caption:a red camel", "caption: ", "class:3", "caption:" + "red ".repeat(9))) {
        RequestException e = assertThrows(RequestException.class, () -> drawn(lathe, wrong, 1));
        assertTrue(e.getMessage().startsWith("--data " + wrong) && !e.getMessage().contains("\n"), e.getMessage());
      }
    }
  }

  private List<?> drawn(Lathe lathe, String data, Integer count) throws IOException {
    List<Object> found = new ArrayList<>();
    small().run(
        new RunRequest(
            lathe, directory.resolve(Trainer.LATEST), count, 3, data, directory,
            (kind, line, fields) -> found.add(fields.get("captions"))));
    return (List<?>) found.getFirst();
  }

  /** Captions are bags of words: neither their order nor what fills them up matters, but each word does. */
  @Test
  void whatIsMadeOfACaptionDependsOnItsWords() {
    long seed = System.nanoTime();
    StackGan.Options options = new StackGan.Options(
        9, 0, 4, 3, 2, 5, List.of(4L), 3, 1, List.of(3L), List.of(2L, 3L), 5);
    StackGan nets = new StackGan(options);
    Field captions = Field.ints("caption", 4, 5);
    Field noise = Field.floats("noise", 4, 2);
    OracleRun run = new OracleRun(
        Step.inference(
            "s", nets, List.of(captions, noise),
            c -> {
              Tensor first = nets.firstGenerator().make(c.input("caption"), c.input("noise")).picture();
              Tensor second = nets.secondGenerator().make(c.input("caption"), first).picture();
              c.report("first", first);
              c.report("second", second);
              c.report("score", nets.secondCritic()
                  .judge(nets.secondCritic().look(second), c.input("caption").expandDims(1)));
            }).trace(),
        seed);
    double[] words = {5, 3, 7, 2, 0, 7, 2, 3, 5, 0, 0, 5, 7, 3, 2, 5, 3, 8, 2, 0};
    run.run(
        Map.of(
            "caption", Literal.of(captions.type(), words), "noise",
            Literal.of(noise.type(), 1, -.5, 1, -.5, 1, -.5, 1, -.5)));
    for (String report : List.of("first", "second", "score")) {
      double[] made = run.report(report);
      int size = made.length / 4;
      double[] expected = Arrays.copyOf(made, size);
      for (int i = 1; i < 3; i++) {
        assertArrayEquals(expected, Arrays.copyOfRange(made, i * size, (i + 1) * size), 1e-12,
            report + ", seed " + seed);
      }
      double[] other = Arrays.copyOfRange(made, 3 * size, 4 * size);
      double difference = 0;
      for (int k = 0; k < size; k++) {
        difference = Math.max(difference, Math.abs(other[k] - expected[k]));
      }
      assertTrue(difference > 1e-6, report + " does not depend on a word, seed " + seed);
    }
    assertEquals(4 * 3 * 8 * 8, run.report("first").length);
    assertEquals(4 * 3 * 16 * 16, run.report("second").length);
  }
}
