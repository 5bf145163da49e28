package org.lathe.models.zoo.parts;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.lathe.models.zoo.model.RequestException;

/** Classes that a run is asked for: {@code class:NAME}, or several as {@code class:NAME,NAME}. */
public final class GivenClasses {
  /** The ten digits, by name. */
  public static final List<String> DIGITS = List.of("0", "1", "2", "3", "4", "5", "6", "7", "8", "9");

  private static final String CLASS = "class:";

  private GivenClasses() {}

  /**
   * A class for each of {@code count} results: those asked for in turn, or all in turn where nothing is asked.
   *
   * @param names of all classes, by number
   * @throws RequestException if {@code data} is something else, or names no class
   */
  public static int[] read(String model, @Nullable String data, List<String> names, int count) {
    List<Integer> asked = new ArrayList<>();
    if (data == null) {
      for (int k = 0; k < names.size(); k++) {
        asked.add(k);
      }
    } else if (data.startsWith(CLASS)) {
      for (String name : data.substring(CLASS.length()).split(",", -1)) {
        int number = names.indexOf(name.strip());
        if (number < 0) {
          throw new RequestException(
              "--data " + data + ": model '" + model + "' has no class '" + name.strip() + "', only "
                  + String.join(" ", names));
        }
        asked.add(number);
      }
    } else {
      throw new RequestException(
          "--data " + data + ": model '" + model + "' takes class:NAME, or no --data for all classes in turn");
    }
    int[] classes = new int[count];
    for (int i = 0; i < count; i++) {
      classes[i] = asked.get(i % asked.size());
    }
    return classes;
  }
}
