package org.lathe.models.data;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;
import org.lathe.hal.Dims;

/**
 * Reviews of one sentence, made from a seed, that praise or blame. Words alone do not tell: <i>not</i> turns what follows,
 * and of two clauses of which one praises and one blames the main one counts.
 *
 * <pre>
 * Clause -> the Noun was [not | never | hardly (p = 0.4)] [Intensifier (p = 0.3)] Adjective
 * Review -> Clause | Clause and Clause (both alike)
 *         | Clause but Clause | although Clause , Clause (the second counts)
 *         | Clause although Clause (the first counts)
 * </pre>
 */
public final class Reviews {
  /** The most words of a review. */
  public static final int STEPS = 14;

  private static final double NEGATED = 0.4;
  private static final double INTENSIFIED = 0.3;

  private static final List<String> NOUNS = words("film plot music cast ending story");
  private static final List<String> NEGATIONS = words("not never hardly");
  private static final List<String> INTENSIFIERS = words("very really quite");
  private static final List<String> GOOD = words("good great funny clever moving fresh");
  private static final List<String> BAD = words("bad dull silly weak boring stale");
  private static final List<String> OTHERS = words("the was and but although ,");

  private static final Vocabulary VOCABULARY = new Vocabulary(
      List.of(List.of("<pad>"), NOUNS, NEGATIONS, INTENSIFIERS, GOOD, BAD, OTHERS).stream()
          .flatMap(List::stream)
          .toList());

  private Reviews() {}

  private static List<String> words(String text) {
    return List.of(text.split(" "));
  }

  /** Token 0 fills reviews up. */
  public static Vocabulary vocabulary() {
    return VOCABULARY;
  }

  /**
   * Columns: {@code x} i32 [14] the words, {@code length} i32 [] how many there are, {@code label} i32 [] 1 for praise, 0 for
   * blame.
   */
  public static Dataset of(int count, long seed) {
    RandomGenerator random = new SplittableRandom(seed);
    int[] x = new int[count * STEPS];
    int[] lengths = new int[count];
    int[] labels = new int[count];
    for (int i = 0; i < count; i++) {
      boolean praise = random.nextBoolean();
      List<String> said = new ArrayList<>();
      review(said, praise, random);
      labels[i] = praise ? 1 : 0;
      lengths[i] = said.size();
      for (int t = 0; t < lengths[i]; t++) {
        x[i * STEPS + t] = VOCABULARY.token(said.get(t));
      }
    }
    return new Dataset(
        "reviews",
        List.of(
            new Column.Ints("x", Dims.of(STEPS), x), new Column.Ints("length", Dims.of(), lengths),
            new Column.Ints("label", Dims.of(), labels)));
  }

  private static void review(List<String> said, boolean praise, RandomGenerator random) {
    switch (random.nextInt(5)) {
      case 0 -> clause(said, praise, random);
      case 1 -> {
        clause(said, praise, random);
        said.add("and");
        clause(said, praise, random);
      }
      case 2 -> {
        clause(said, !praise, random);
        said.add("but");
        clause(said, praise, random);
      }
      case 3 -> {
        said.add("although");
        clause(said, !praise, random);
        said.add(",");
        clause(said, praise, random);
      }
      default -> {
        clause(said, praise, random);
        said.add("although");
        clause(said, !praise, random);
      }
    }
  }

  private static void clause(List<String> said, boolean praise, RandomGenerator random) {
    boolean negated = random.nextDouble() < NEGATED;
    said.add("the");
    said.add(any(NOUNS, random));
    said.add("was");
    if (negated) {
      said.add(any(NEGATIONS, random));
    }
    if (random.nextDouble() < INTENSIFIED) {
      said.add(any(INTENSIFIERS, random));
    }
    said.add(any(praise != negated ? GOOD : BAD, random));
  }

  private static String any(List<String> words, RandomGenerator random) {
    return words.get(random.nextInt(words.size()));
  }
}
