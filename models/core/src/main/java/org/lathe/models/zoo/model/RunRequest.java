package org.lathe.models.zoo.model;

import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.lathe.compiler.runtime.Lathe;
import org.lathe.models.train.Checkpoint;
import org.lathe.models.train.ModelState;
import org.lathe.models.train.Step;

/**
 * What a trained model of the zoo is to predict or generate.
 *
 * @param checkpoint a file that a training of the model wrote
 * @param count how many predictions, sentences or pictures; null for the model's own number
 * @param seed of the data and the noise that are made
 * @param data such as {@code mnist:DIR}; null for the model's own
 * @param out where pictures go; made if it is not there
 */
public record RunRequest(
    Lathe lathe, Path checkpoint, @Nullable Integer count, long seed, @Nullable String data, Path out,
    Listener listener) {
  /** The most results of one run. */
  public static final int MOST = 10_000;

  /**
   * @throws RequestException if {@code count} is not from 1 to {@link #MOST}
   */
  public RunRequest {
    if (count != null && (count < 1 || count > MOST)) {
      throw new RequestException("--count " + count + ": expected 1 to " + MOST);
    }
  }

  /** Receives results one by one, on the thread that runs the model. */
  @FunctionalInterface
  public interface Listener {
    /**
     * @param kind {@code prediction}, {@code sample}, {@code episode} or {@code picture}
     * @param line for people
     * @param fields for programs: strings, numbers, and lists of them
     */
    void found(String kind, String line, Map<String, ?> fields);
  }

  /** Hands a result to the listener. Fields: name, value, name, value, ... */
  public void found(String kind, String line, Object... fields) {
    Map<String, Object> map = new LinkedHashMap<>();
    for (int i = 0; i < fields.length; i += 2) {
      map.put((String) fields[i], fields[i + 1]);
    }
    listener.found(kind, line, map);
  }

  /**
   * For a model that shows all of its few cases.
   *
   * @param what it shows, such as "four cases"
   * @throws RequestException if a count was given
   */
  public void refuseCount(String model, String what) {
    if (count != null) {
      throw new RequestException(
          "--count " + count + ": model '" + model + "' has " + what + " and shows them all; leave --count away");
    }
  }

  /**
   * The parameters that {@code step} needs, from the checkpoint. Closed by the caller.
   *
   * @param model its name in the checkpoint
   * @throws IOException if the checkpoint cannot be read, or is of another model; the message is one line
   */
  public ModelState parameters(String model, Step step) throws IOException {
    ModelState state = new ModelState(lathe, seed);
    try {
      Checkpoint.readParameters(checkpoint, model, state.include(step.trace()));
      return state;
    } catch (IOException | RuntimeException e) {
      state.close();
      throw e;
    }
  }

  public int countOr(int own) {
    return count == null ? own : count;
  }
}
