package org.lathe.models.data;

import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** Words or characters, numbered from 0. Immutable. */
public final class Vocabulary {
  private final List<String> words;
  private final Map<String, Integer> tokens = new HashMap<>();

  public Vocabulary(List<String> words) {
    this.words = List.copyOf(words);
    for (int i = 0; i < words.size(); i++) {
      if (tokens.put(words.get(i), i) != null) {
        throw new IllegalArgumentException("the word '" + words.get(i) + "' is there twice");
      }
    }
  }

  public int size() {
    return words.size();
  }

  public String word(int token) {
    return words.get(token);
  }

  public List<String> words() {
    return words;
  }

  /** The number of a word that is there. */
  public int token(String word) {
    Integer token = tokens.get(word);
    if (token == null) {
      throw new IllegalArgumentException("the word '" + word + "' is not among the " + size() + " known ones");
    }
    return token;
  }

  public boolean contains(String word) {
    return tokens.containsKey(word);
  }

  /** The words, separated by blanks. */
  public String text(Collection<Integer> sentence) {
    return sentence.stream().map(this::word).collect(Collectors.joining(" "));
  }
}
