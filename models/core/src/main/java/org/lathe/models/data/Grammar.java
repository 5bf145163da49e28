package org.lathe.models.data;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.Function;
import java.util.random.RandomGenerator;

/**
 * Sentences from a small probabilistic grammar, made from a seed, each with part-of-speech tags, a sentiment, and a
 * translation into a second language that puts adjectives after nouns and the verb at the end.
 *
 * <pre>
 * S    -> NP VP
 * NP   -> Det [Adj (p = 0.4)] Noun
 * VP   -> Verb NP (p = 0.6) | Intransitive [Adverb (p = 0.5)] (p = 0.4)
 * </pre>
 *
 * Words of a class are equally likely, and verbs agree with no one, so the entropy of a sentence is known in closed form:
 * {@link #entropyPerToken}. Longer ones join several sentences by conjunctions: {@link #compounds}.
 */
public final class Grammar {
  /** Token 0 fills sequences up, 1 begins a sentence, 2 ends it. */
  public static final int PAD = 0;

  public static final int BEGIN = 1;
  public static final int END = 2;

  private static final double ADJECTIVE = 0.4;
  private static final double TRANSITIVE = 0.6;
  private static final double ADVERB = 0.5;

  /** The parts of speech with their words, word for word in both languages; their ordinals are the tags. */
  public enum Tag {
    PAD("", ""), DETERMINER("the a this every", "la un tiu chiu"), ADJECTIVE(
        "happy angry kind cruel bright gloomy small old",
        "felica kolera afabla kruela hela malhela eta olda"), NOUN("cat dog child teacher robot bird king farmer",
            "kato hundo infano majstro roboto birdo rego farmisto"), VERB("loves hates helps hurts sees follows",
                "amas malamas helpas vundas vidas sekvas"), INTRANSITIVE("sleeps runs sings waits",
                    "dormas kuras kantas atendas"), ADVERB("gladly sadly slowly often",
                        "goje triste lante ofte"), CONJUNCTION("and but while", "kaj sed dum"), END("", "");

    private final List<String> words;
    private final List<String> foreign;

    Tag(String words, String foreign) {
      this.words = words.isEmpty() ? List.of() : List.of(words.split(" "));
      this.foreign = foreign.isEmpty() ? List.of() : List.of(foreign.split(" "));
    }
  }

  private static final List<String> POSITIVE = List.of("happy", "kind", "bright", "loves", "helps", "gladly");
  private static final List<String> NEGATIVE = List.of("angry", "cruel", "gloomy", "hates", "hurts", "sadly");

  private static final Vocabulary VOCABULARY = vocabulary(tag -> tag.words);
  private static final Vocabulary FOREIGN_VOCABULARY = vocabulary(tag -> tag.foreign);

  private Grammar() {}

  private static Vocabulary vocabulary(Function<Tag, List<String>> words) {
    List<String> all = new ArrayList<>(List.of("<pad>", "<s>", "</s>"));
    for (Tag tag : Tag.values()) {
      all.addAll(words.apply(tag));
    }
    return new Vocabulary(all);
  }

  /** The words of the first language. */
  public static Vocabulary vocabulary() {
    return VOCABULARY;
  }

  /** The words of the second language. */
  public static Vocabulary foreignVocabulary() {
    return FOREIGN_VOCABULARY;
  }

  /**
   * A sentence.
   *
   * @param words tokens of the first language, without begin and end
   * @param tags one for each word
   * @param sentiment above 0 if the positive words are more, below if the negative are, else 0
   * @param translation tokens of the second language
   */
  public record Sentence(List<Integer> words, List<Tag> tags, int sentiment, List<Integer> translation) {
    @Override
    public String toString() {
      return VOCABULARY.text(words) + " | " + FOREIGN_VOCABULARY.text(translation);
    }
  }

  /** The first {@code count} sentences of the sequence that {@code seed} names. */
  public static List<Sentence> sentences(int count, long seed) {
    RandomGenerator random = new SplittableRandom(seed);
    List<Sentence> all = new ArrayList<>(count);
    for (int i = 0; i < count; i++) {
      all.add(sentence(random));
    }
    return all;
  }

  /**
   * The first {@code count} compound sentences of the sequence that {@code seed} names: from {@code least} to {@code most}
   * sentences each, every number of them equally likely, with a conjunction before each but the first, in both languages.
   */
  public static List<Sentence> compounds(int count, int least, int most, long seed) {
    if (least < 1 || most < least) {
      throw new IllegalArgumentException("compounds of " + least + " to " + most + " sentences: expected 1 or more");
    }
    RandomGenerator random = new SplittableRandom(seed);
    List<Sentence> all = new ArrayList<>(count);
    for (int i = 0; i < count; i++) {
      int parts = random.nextInt(least, most + 1);
      Sentence whole = sentence(random);
      for (int p = 1; p < parts; p++) {
        whole = joined(whole, draw(Tag.CONJUNCTION, random), sentence(random));
      }
      all.add(whole);
    }
    return all;
  }

  /** The most words of a compound of so many sentences. */
  public static int mostWords(int parts) {
    return parts * (MOST_WORDS + 1) - 1;
  }

  private static Sentence joined(Sentence a, Word conjunction, Sentence b) {
    Tag tag = conjunction.tag();
    return new Sentence(
        joined(a.words(), VOCABULARY.token(tag.words.get(conjunction.number())), b.words()),
        joined(a.tags(), tag, b.tags()),
        Integer.signum(sentiment(a.words()) + sentiment(b.words())),
        joined(a.translation(), FOREIGN_VOCABULARY.token(tag.foreign.get(conjunction.number())), b.translation()));
  }

  private static <T> List<T> joined(List<T> a, T between, List<T> b) {
    List<T> all = new ArrayList<>(a);
    all.add(between);
    all.addAll(b);
    return List.copyOf(all);
  }

  /** Positive words less negative ones. */
  private static int sentiment(List<Integer> words) {
    int sum = 0;
    for (int word : words) {
      String text = VOCABULARY.word(word);
      sum += POSITIVE.contains(text) ? 1 : NEGATIVE.contains(text) ? -1 : 0;
    }
    return sum;
  }

  private record Word(Tag tag, int number) {}

  private static Sentence sentence(RandomGenerator random) {
    List<Word> subject = nounPhrase(random);
    List<Word> words = new ArrayList<>(subject);
    List<Word> foreign = new ArrayList<>(reordered(subject));
    if (random.nextDouble() < TRANSITIVE) {
      Word verb = draw(Tag.VERB, random);
      List<Word> object = nounPhrase(random);
      words.add(verb);
      words.addAll(object);
      foreign.addAll(reordered(object));
      foreign.add(verb);
    } else {
      Word verb = draw(Tag.INTRANSITIVE, random);
      words.add(verb);
      if (random.nextDouble() < ADVERB) {
        Word adverb = draw(Tag.ADVERB, random);
        words.add(adverb);
        foreign.add(adverb);
      }
      foreign.add(verb);
    }
    List<Integer> tokens = words.stream().map(w -> VOCABULARY.token(w.tag().words.get(w.number()))).toList();
    return new Sentence(
        tokens,
        words.stream().map(Word::tag).toList(),
        Integer.signum(sentiment(tokens)),
        foreign.stream().map(w -> FOREIGN_VOCABULARY.token(w.tag().foreign.get(w.number()))).toList());
  }

  private static List<Word> nounPhrase(RandomGenerator random) {
    List<Word> phrase = new ArrayList<>();
    phrase.add(draw(Tag.DETERMINER, random));
    if (random.nextDouble() < ADJECTIVE) {
      phrase.add(draw(Tag.ADJECTIVE, random));
    }
    phrase.add(draw(Tag.NOUN, random));
    return phrase;
  }

  /** Determiner, noun, adjective. */
  private static List<Word> reordered(List<Word> phrase) {
    return phrase.size() == 2 ? phrase : List.of(phrase.get(0), phrase.get(2), phrase.get(1));
  }

  private static Word draw(Tag tag, RandomGenerator random) {
    return new Word(tag, random.nextInt(tag.words.size()));
  }

  /**
   * The entropy in nats per predicted token (each sentence's words and its end) of a perfect model that sees the sentence
   * so far: no language model has a lower expected cross-entropy.
   */
  public static double entropyPerToken() {
    double phrase = bits(Tag.DETERMINER) + coin(ADJECTIVE) + ADJECTIVE * bits(Tag.ADJECTIVE) + bits(Tag.NOUN);
    double transitive = bits(Tag.VERB) + phrase;
    double intransitive = bits(Tag.INTRANSITIVE) + coin(ADVERB) + ADVERB * bits(Tag.ADVERB);
    double sentence = phrase + coin(TRANSITIVE) + TRANSITIVE * transitive + (1 - TRANSITIVE) * intransitive;
    return sentence / expectedTokens();
  }

  /** The expected number of predicted tokens of a sentence, its end included. */
  public static double expectedTokens() {
    double phrase = 2 + ADJECTIVE;
    return phrase + TRANSITIVE * (1 + phrase) + (1 - TRANSITIVE) * (1 + ADVERB) + 1;
  }

  /** The most words that a sentence can have, without its end. */
  public static final int MOST_WORDS = 7;

  private static double bits(Tag tag) {
    return Math.log(tag.words.size());
  }

  private static double coin(double p) {
    return -p * Math.log(p) - (1 - p) * Math.log(1 - p);
  }
}
