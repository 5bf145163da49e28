package org.lathe.models.data;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;
import org.lathe.hal.Dims;

/**
 * Sentences with part-of-speech tags, made from a seed, in which many words may be of two kinds: <i>plays</i> and
 * <i>watches</i> are nouns or verbs, <i>fast</i> and <i>late</i> adjectives or adverbs, <i>that</i> is a determiner or
 * begins a relative clause.
 *
 * <pre>
 * S      -> NP VP
 * NP     -> Phrase [that Phrase Verb | that VP (together p = 0.3)]
 * Phrase -> Det Adj{0..2} Noun
 * VP     -> Verb Phrase (p = 0.5) | Verb Adverb{0..2} (p = 0.5)
 * </pre>
 *
 * In these sentences the words so far settle each word's tag. In {@link #withLaterCues} every other sentence begins with two
 * words whose tags a later word settles, up to three words on:
 *
 * <pre>
 * the young plays often follow the king:  Det Adj  Noun Adverb{0..2} Verb [Phrase]
 * the young plays often the king:         Det Noun Verb Adverb{0..2} [Phrase]
 * </pre>
 */
public final class TaggedSentences {
  /** What a word is. Their ordinals are the tags. */
  public enum Tag {
    DETERMINER, ADJECTIVE, NOUN, VERB, ADVERB, RELATIVE
  }

  /** The most words of a sentence. */
  public static final int STEPS = 15;

  public static final int TAGS = Tag.values().length;

  private static final double AMBIGUOUS = 0.5;
  private static final double ADJECTIVE = 0.4;
  private static final double ADVERB = 0.4;
  private static final double RELATIVE = 0.3;
  private static final double TRANSITIVE = 0.5;

  private static final String THAT = "that";
  private static final List<String> DETERMINERS = words("the a this every " + THAT);
  private static final List<String> ADJECTIVES = words("kind small bright gloomy");
  private static final List<String> NOUNS = words("king child robot farmer");
  private static final List<String> VERBS = words("follows sees helps hears");
  private static final List<String> ADVERBS = words("often gladly sadly slowly");
  private static final List<String> NOUN_OR_VERB = words("plays watches hands plans");
  private static final List<String> ADJECTIVE_OR_ADVERB = words("fast late early hard");
  private static final List<String> ADJECTIVE_OR_NOUN = words("young rich brave wise");

  private static final Vocabulary VOCABULARY = vocabularyOf(
      List.of("<pad>"), DETERMINERS, ADJECTIVES, NOUNS, VERBS, ADVERBS, NOUN_OR_VERB, ADJECTIVE_OR_ADVERB,
      ADJECTIVE_OR_NOUN);

  private TaggedSentences() {}

  private static List<String> words(String text) {
    return List.of(text.split(" "));
  }

  @SafeVarargs
  private static Vocabulary vocabularyOf(List<String>... kinds) {
    List<String> all = new ArrayList<>();
    for (List<String> kind : kinds) {
      all.addAll(kind);
    }
    return new Vocabulary(all);
  }

  /** Token 0 fills sentences up. */
  public static Vocabulary vocabulary() {
    return VOCABULARY;
  }

  /**
   * Sentences whose tags are settled by the words so far.
   *
   * <p>Columns: {@code x} i32 [15] the words, {@code tag} i32 [15], {@code length} i32 [] how many words there are,
   * {@code later} f32 [15] 1 where a later word settles the tag.
   */
  public static Dataset of(int count, long seed) {
    return make("tagged sentences", count, seed, 0);
  }

  /** Sentences of which every other one begins with two words that a later one settles. Columns as in {@link #of}. */
  public static Dataset withLaterCues(int count, long seed) {
    return make("tagged sentences with later cues", count, seed, 0.5);
  }

  private static Dataset make(String name, int count, long seed, double garden) {
    RandomGenerator random = new SplittableRandom(seed);
    int[] x = new int[count * STEPS];
    int[] tags = new int[count * STEPS];
    int[] lengths = new int[count];
    float[] later = new float[count * STEPS];
    for (int i = 0; i < count; i++) {
      boolean late = random.nextDouble() < garden;
      Sentence s = new Sentence(random);
      if (late) {
        s.gardenPath();
      } else {
        s.plain();
      }
      lengths[i] = s.words.size();
      for (int t = 0; t < lengths[i]; t++) {
        x[i * STEPS + t] = VOCABULARY.token(s.words.get(t));
        tags[i * STEPS + t] = s.tags.get(t).ordinal();
        later[i * STEPS + t] = late && (t == 1 || t == 2) ? 1 : 0;
      }
    }
    Dims steps = Dims.of(STEPS);
    return new Dataset(
        name,
        List.of(
            new Column.Ints("x", steps, x), new Column.Ints("tag", steps, tags),
            new Column.Ints("length", Dims.of(), lengths), new Column.Floats("later", steps, later)));
  }

  /** One sentence while it is made. */
  private static final class Sentence {
    final List<String> words = new ArrayList<>();
    final List<Tag> tags = new ArrayList<>();
    private final RandomGenerator random;

    Sentence(RandomGenerator random) {
      this.random = random;
    }

    void plain() {
      phrase();
      if (random.nextDouble() < RELATIVE) {
        say(THAT, Tag.RELATIVE);
        if (random.nextBoolean()) {
          phrase();
          verb();
        } else {
          predicate();
        }
      }
      predicate();
    }

    void gardenPath() {
      boolean adjective = random.nextBoolean();
      any(DETERMINERS, Tag.DETERMINER);
      any(ADJECTIVE_OR_NOUN, adjective ? Tag.ADJECTIVE : Tag.NOUN);
      any(NOUN_OR_VERB, adjective ? Tag.NOUN : Tag.VERB);
      upToTwo(ADVERB, ADVERBS, Tag.ADVERB);
      if (adjective) {
        any(VERBS, Tag.VERB);
      }
      if (random.nextBoolean()) {
        phrase();
      }
    }

    private void phrase() {
      any(DETERMINERS, Tag.DETERMINER);
      upToTwo(ADJECTIVE, ADJECTIVES, Tag.ADJECTIVE);
      any(random.nextDouble() < AMBIGUOUS ? NOUN_OR_VERB : NOUNS, Tag.NOUN);
    }

    private void predicate() {
      verb();
      if (random.nextDouble() < TRANSITIVE) {
        phrase();
      } else {
        upToTwo(ADVERB, ADVERBS, Tag.ADVERB);
      }
    }

    private void verb() {
      any(random.nextDouble() < AMBIGUOUS ? NOUN_OR_VERB : VERBS, Tag.VERB);
    }

    private void upToTwo(double probability, List<String> kind, Tag tag) {
      for (int n = 0; n < 2 && random.nextDouble() < probability; n++) {
        any(random.nextDouble() < AMBIGUOUS ? ADJECTIVE_OR_ADVERB : kind, tag);
      }
    }

    private void any(List<String> kind, Tag tag) {
      say(kind.get(random.nextInt(kind.size())), tag);
    }

    private void say(String word, Tag tag) {
      words.add(word);
      tags.add(tag);
    }
  }
}
