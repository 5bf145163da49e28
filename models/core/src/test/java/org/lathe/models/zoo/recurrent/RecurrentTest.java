package org.lathe.models.zoo.recurrent;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lathe.compiler.runtime.Lathe;
import org.lathe.models.data.Column;
import org.lathe.models.data.Dataset;
import org.lathe.models.data.Grammar;
import org.lathe.models.nets.Captioner;
import org.lathe.models.nets.SelfFedPredictor;
import org.lathe.models.nets.TemporalConvolution;
import org.lathe.models.nn.BeamSearch;
import org.lathe.models.train.BoundStep;
import org.lathe.models.train.Checkpoint;
import org.lathe.models.train.Field;
import org.lathe.models.train.ModelState;
import org.lathe.models.train.Step;
import org.lathe.models.train.Trainer;
import org.lathe.models.train.TrainingListener;
import org.lathe.models.zoo.ResumeCheck;
import org.lathe.models.zoo.Zoo;
import org.lathe.models.zoo.model.Blueprint;
import org.lathe.models.zoo.model.RunRequest;
import org.lathe.models.zoo.model.TrainRequest;
import org.lathe.models.zoo.model.ZooModel;

class RecurrentTest {
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

  private static ZooModel model(String name) {
    return Zoo.find(name).orElseThrow();
  }

  @Test
  void runsItsAddingPart() throws IOException {
    AddingProblem adding = ((GatedModel) model("gru")).adding();
    Blueprint plan = adding.blueprint(2, AddingProblem.STEPS);
    Path file = directory.resolve("begun.safetensors");
    try (ModelState state = new ModelState(lathe, 5)) {
      for (Step step : plan.training()) {
        state.include(step.trace());
      }
      new Checkpoint(adding.checkpoint(), 5, 0, 0, 0, List.of()).write(file, state);
    }
    List<String> kinds = new ArrayList<>();
    model("gru").run(new RunRequest(lathe, file, 70, 3, null, directory, (kind, line, fields) -> kinds.add(kind)));
    assertEquals(70, kinds.size());
    assertTrue(kinds.stream().allMatch("prediction"::equals));
  }

  @Test
  void aTaggerThatIsEndedInAnEpochGoesOn() throws IOException {
    ResumeCheck.check(model("rnn"), lathe, directory, 2, 68);
  }

  /** Each text goes on from piece to piece, and a token is predicted from the one before it. */
  @Test
  void textsGoOnFromPieceToPiece() {
    int streams = 3;
    int pieces = 4;
    int steps = 5;
    Dataset text = Language.text(streams, pieces, steps, 9);
    int[] x = ((Column.Ints) text.column("x")).data();
    int[] y = ((Column.Ints) text.column("y")).data();
    assertEquals(streams * pieces, text.size());
    for (int s = 0; s < streams; s++) {
      int before = Grammar.END;
      for (int p = 0; p < pieces; p++) {
        for (int t = 0; t < steps; t++) {
          int at = (p * streams + s) * steps + t;
          assertEquals(before, x[at]);
          before = y[at];
        }
      }
    }
  }

  @Test
  void aTrainedTaggerShowsItsTags() throws IOException {
    model("elman").train(new TrainRequest(lathe, 2, 1, null, directory, null, TrainingListener.NONE));
    List<String> lines = Files.readAllLines(directory.resolve("tags/answers.txt"));
    assertFalse(lines.isEmpty());
    assertTrue(lines.getFirst().contains("/determiner"), lines.getFirst());
    List<String> kinds = new ArrayList<>();
    model("elman").run(
        new RunRequest(
            lathe, directory.resolve("tags").resolve(Trainer.LATEST), 3, 3, null, directory,
            (kind, line, fields) -> kinds.add(kind)));
    assertEquals(List.of("prediction", "prediction", "prediction"), kinds);
  }

  /** A later input changes no earlier output, not in one bit; and the last output sees the first input. */
  @Test
  void temporalConvolutionsAreCausal() {
    int batch = 2;
    int steps = 33;
    int channels = 5;
    TemporalConvolution net = new TemporalConvolution(3, channels, 3, 4);
    assertEquals(61, net.receptiveField());
    Field x = Field.floats("x", batch, 3, steps);
    Step step = Step.inference("s", net, List.of(x), c -> c.report("y", net.apply(c.input("x"))));
    SplittableRandom random = new SplittableRandom();
    float[] input = new float[batch * 3 * steps];
    for (int i = 0; i < input.length; i++) {
      input[i] = (float) random.nextGaussian();
    }
    try (ModelState state = new ModelState(lathe, 3); BoundStep bound = BoundStep.bind(step, state)) {
      float[] before = run(bound, input);
      for (int changed : new int[]{0, 1, 17, 32}) {
        float[] other = input.clone();
        for (int row = 0; row < batch * 3; row++) {
          for (int t = changed; t < steps; t++) {
            other[row * steps + t] += (float) random.nextGaussian();
          }
        }
        float[] after = run(bound, other);
        for (int row = 0; row < batch * channels; row++) {
          assertArrayEquals(
              Arrays.copyOfRange(before, row * steps, row * steps + changed),
              Arrays.copyOfRange(after, row * steps, row * steps + changed));
        }
      }
      float[] first = input.clone();
      first[0] += 1;
      float[] after = run(bound, first);
      boolean reached = false;
      for (int c = 0; c < channels; c++) {
        reached |= before[(c + 1) * steps - 1] != after[(c + 1) * steps - 1];
      }
      assertTrue(reached, "the first input reaches the last output");
    }
  }

  private static float[] run(BoundStep bound, float[] x) {
    bound.input("x").write(x);
    bound.run();
    return bound.report("y").toFloats();
  }

  /** The loop is the plain recurrence where all is given, and is blind to what is not. */
  @Test
  void aSelfFedPredictorTakesWhatItIsGivenAndItsOwnPredictionsElse() {
    int steps = 6;
    SelfFedPredictor net = new SelfFedPredictor(1, 4);
    Field x = Field.floats("x", steps, 1, 1);
    Field given = Field.ints("given", steps, 1, 1);
    Step step = Step.inference("s", net, List.of(x, given),
        c -> c.report("y", net.apply(c.input("x"), c.input("given").greater(0))));
    try (ModelState state = new ModelState(lathe, 3); BoundStep bound = BoundStep.bind(step, state)) {
      bound.input("given").write(new int[]{1, 1, 1, 0, 0, 0});
      float[] free = run(bound, new float[]{0.5f, -0.2f, 0.9f, 7, 8, 9});
      float[] blind = run(bound, new float[]{0.5f, -0.2f, 0.9f, -7, -8, -9});
      assertArrayEquals(free, blind);
      bound.input("given").write(new int[]{1, 1, 1, 1, 1, 1});
      float[] fed = run(bound, new float[]{0.5f, -0.2f, 0.9f, free[2], free[3], free[4]});
      assertArrayEquals(free, fed);
      assertFalse(Arrays.equals(free, run(bound, new float[]{0.5f, -0.2f, 0.9f, 7, 8, 9})));
    }
  }

  /** What a captioner says word by word is the most probable after each of its own words, seen whole. */
  @Test
  void aCaptionerSaysWhatItsLogitsSay() {
    int batch = 3;
    int steps = 6;
    int vocabulary = 11;
    Captioner net = new Captioner(8, new long[]{3, 4}, 5, vocabulary);
    Field image = Field.floats("image", batch, 3, 8, 8);
    Field words = Field.ints("words", batch, steps);
    BeamSearch greedy = new BeamSearch(1, steps, Grammar.BEGIN, Grammar.END, Grammar.PAD, 0);
    Step say = Step.inference(
        "say", net, List.of(image), c -> c.report("said", net.say(c.input("image"), greedy).tokens().at(1, 0)));
    Step whole = Step.inference(
        "whole", net, List.of(image, words),
        c -> c.report("logits", net.apply(c.input("image"), c.input("words"))));
    SplittableRandom random = new SplittableRandom();
    float[] pixels = new float[batch * 3 * 8 * 8];
    for (int i = 0; i < pixels.length; i++) {
      pixels[i] = (float) random.nextDouble();
    }
    try (ModelState state = new ModelState(lathe, random.nextLong());
        BoundStep saying = BoundStep.bind(say, state);
        BoundStep seeing = BoundStep.bind(whole, state)) {
      saying.input("image").write(pixels);
      saying.run();
      int[] said = saying.report("said").toInts();
      int[] before = new int[said.length];
      for (int i = 0; i < said.length; i++) {
        before[i] = i % steps == 0 ? Grammar.BEGIN : said[i - 1];
      }
      seeing.input("image").write(pixels);
      seeing.input("words").write(before);
      seeing.run();
      float[] logits = seeing.report("logits").toFloats();
      for (int b = 0; b < batch; b++) {
        for (int t = 0; t < steps; t++) {
          int at = b * steps + t;
          float own = logits[at * vocabulary + said[at]];
          for (int v = 2; v < vocabulary; v++) {
            assertTrue(logits[at * vocabulary + v] <= own + 1e-5, "picture " + b + ", word " + t);
          }
          if (said[at] == Grammar.END) {
            break;
          }
        }
      }
    }
  }
}
