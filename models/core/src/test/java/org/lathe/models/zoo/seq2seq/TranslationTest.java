package org.lathe.models.zoo.seq2seq;

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
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lathe.compiler.runtime.Lathe;
import org.lathe.models.data.Column;
import org.lathe.models.data.Dataset;
import org.lathe.models.data.Grammar;
import org.lathe.models.nets.LstmTranslator;
import org.lathe.models.nn.ScoredAttention.Score;
import org.lathe.models.optim.Adam;
import org.lathe.models.train.EarlyStopping.Direction;
import org.lathe.models.train.ModelState;
import org.lathe.models.train.Trainer;
import org.lathe.models.train.TrainingListener;
import org.lathe.models.zoo.ResumeCheck;
import org.lathe.models.zoo.model.Blueprint;
import org.lathe.models.zoo.model.Card;
import org.lathe.models.zoo.model.RequestException;
import org.lathe.models.zoo.model.RunRequest;
import org.lathe.models.zoo.model.TrainRequest;

class TranslationTest {
  private static Lathe lathe;

  @TempDir
  Path directory;

  @BeforeAll
  static void open() {
    lathe = Lathe.on("cpu");
  }

  @AfterAll
  static void close() {
    lathe.close();
  }

  /** What a dictionary can do: the right words, in the source's order. */
  @Test
  void wordForWordIsFarFromTheBar() {
    List<Grammar.Sentence> sentences = Grammar.compounds(4000, 1, 2, 11);
    int right = 0;
    for (Grammar.Sentence s : sentences) {
      // Both vocabularies list the same words in the same order.
      right += s.words().equals(s.translation()) ? 1 : 0;
    }
    assertTrue(right < 0.2 * sentences.size(), right + " of " + sentences.size());
  }

  @Test
  void bucketsHoldEverySentenceOnceAndItsEnd() {
    List<Bitext.Bucket> buckets = Bitext.buckets(2);
    assertEquals(List.of(7, 15), buckets.stream().map(Bitext.Bucket::words).toList());
    List<Grammar.Sentence> sentences = Grammar.compounds(200, 1, 2, 3);
    for (Grammar.Sentence s : sentences) {
      Bitext.Bucket b = Bitext.bucketOf(buckets, s.words().size());
      assertEquals(s.words().size() <= 7 ? 7 : 15, b.words());
      Dataset d = Bitext.dataset(List.of(s), b);
      int[] x = ((Column.Ints) d.column("x")).data();
      int[] y = ((Column.Ints) d.column("y")).data();
      List<Integer> expected = new ArrayList<>(s.translation());
      expected.add(Grammar.END);
      while (expected.size() < b.words() + 1) {
        expected.add(0);
      }
      assertEquals(expected, Arrays.stream(y).boxed().toList());
      assertEquals(s.words(), Arrays.stream(x).filter(w -> w != 0).boxed().toList());
      assertEquals(s.translation(), Bitext.words(Arrays.stream(y).asLongStream().toArray(), 0, y.length));
    }
    assertThrows(IllegalArgumentException.class, () -> Bitext.bucketOf(buckets, 16));
  }

  /** A translator small enough to be trained in a test, though not to translate. */
  private static final class Small extends TranslatorModel {
    Small() {
      super(new Card("small", SequenceToSequence.FAMILY, "none", "exact", Direction.HIGHER, 0, "grammar"));
    }

    @Override
    List<Part> parts() {
      return List.of(
          new Part(
              "", new Course(
                  () -> new LstmTranslator(
                      new LstmTranslator.Options(
                          Bitext.VOCABULARY, 6, 1, new LstmTranslator.Attention(Score.ADDITIVE, true))),
                  new Adam(1e-2), 1, true)));
    }

    @Override
    Lessons.Length length() {
      return new Lessons.Length(192, 2, 2);
    }

    @Override
    public Blueprint checkBlueprint() {
      return blueprint(2);
    }
  }

  @Test
  void aTrainingInBucketsThatWasEndedResumesBitForBit() throws IOException {
    ResumeCheck.check(new Small(), lathe, directory, 2, 4);
  }

  @Test
  void showsItsTranslationsAndTranslatesWhatItIsGiven() throws IOException {
    Path out = directory.resolve("out");
    new Small().train(new TrainRequest(lathe, 5, 1, null, out, null, TrainingListener.NONE));
    List<String> lines = Files.readAllLines(out.resolve("translations.txt"));
    Grammar.Sentence first = Grammar.compounds(1, 1, 1, 7).getFirst();
    assertEquals("source: " + Grammar.vocabulary().text(first.words()), lines.getFirst());
    assertEquals("truth:  " + Grammar.foreignVocabulary().text(first.translation()), lines.get(2));
    assertTrue(ImageIO.read(Files.newInputStream(out.resolve("attention.png"))).getWidth() > 200);

    Path file = directory.resolve("sentences.txt");
    Files.writeString(file, "the dog sleeps\n\nA happy child often waits\n");
    List<Object> found = new ArrayList<>();
    RunRequest given = request(out, "text:" + file, null, found);
    new Small().run(given);
    assertEquals(List.of("the dog sleeps", "a happy child often waits"), found.subList(0, 2));
    assertEquals(3, found.size(), "two translations and a picture");
    found.clear();
    new Small().run(request(out, "sentence:the dog sleeps", null, found));
    assertEquals("the dog sleeps", found.getFirst());
    for (String wrong : List.of("sentence:the camel sleeps", "sentence: ", "csv:x", "sentence:" + "dog ".repeat(16))) {
      RequestException e = assertThrows(
          RequestException.class, () -> new Small().run(request(out, wrong, null, new ArrayList<>())));
      assertTrue(e.getMessage().startsWith("--data " + wrong), e.getMessage());
    }
    assertThrows(
        RequestException.class, () -> new Small().run(request(out, "sentence:the dog sleeps", 3, new ArrayList<>())));
  }

  private RunRequest request(Path out, String data, Integer count, List<Object> found) {
    return new RunRequest(
        lathe, out.resolve(Trainer.BEST), count, 1, data, directory.resolve("run"),
        (kind, line, fields) -> found.add(kind.equals("picture") ? kind : fields.get("source")));
  }

  /** A translation does not depend on the other sentences of its batch. */
  @Test
  void sentencesAreTranslatedAloneAsAmongOthers() throws IOException {
    List<List<Integer>> sources = Grammar.compounds(9, 1, 2, 2).stream().map(Grammar.Sentence::words).toList();
    Course course = new Small().parts().getFirst().course();
    try (ModelState state = new ModelState(lathe, 7);
        Interpreter interpreter = new Interpreter(course, state, Bitext.buckets(2), 3)) {
      List<Interpreter.Said> together = interpreter.translate(sources);
      for (int i = 0; i < sources.size(); i++) {
        Interpreter.Said alone = interpreter.translate(List.of(sources.get(i))).getFirst();
        assertEquals(together.get(i).words(), alone.words());
        assertEquals(together.get(i).score(), alone.score(), 1e-6);
      }
    }
  }
}
