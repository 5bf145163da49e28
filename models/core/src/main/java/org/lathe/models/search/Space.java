package org.lathe.models.search;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;

/** The hyperparameters that are searched, each within its bounds. Immutable. */
public record Space(List<Axis> axes) {
  public Space {
    axes = List.copyOf(axes);
    if (axes.isEmpty() || new LinkedHashSet<>(axes.stream().map(Axis::name).toList()).size() != axes.size()) {
      throw new IllegalArgumentException("a space has at least one axis, and each another name: " + axes);
    }
  }

  public static Space of(Axis... axes) {
    return new Space(List.of(axes));
  }

  /** How values lie between an axis's bounds. */
  public enum Scale {
    LINEAR, LOGARITHMIC, WHOLE
  }

  /**
   * One hyperparameter.
   *
   * @param low the least value
   * @param high the largest
   */
  public record Axis(String name, double low, double high, Scale scale) {
    public Axis {
      if (!(low <= high) || scale == Scale.LOGARITHMIC && !(low > 0)) {
        throw new IllegalArgumentException("axis '" + name + "' cannot go from " + low + " to " + high + ", " + scale);
      }
    }

    public static Axis linear(String name, double low, double high) {
      return new Axis(name, low, high, Scale.LINEAR);
    }

    /** Of a positive quantity whose order of magnitude matters, such as a rate. */
    public static Axis logarithmic(String name, double low, double high) {
      return new Axis(name, low, high, Scale.LOGARITHMIC);
    }

    /** Of whole numbers, both bounds included. */
    public static Axis whole(String name, long low, long high) {
      return new Axis(name, low, high, Scale.WHOLE);
    }

    /** The value at a place from 0, which is the least, to 1. */
    public double at(double place) {
      return switch (scale) {
        case LINEAR -> low + place * (high - low);
        case LOGARITHMIC -> low * Math.exp(place * Math.log(high / low));
        case WHOLE -> low + Math.min(high - low, Math.floor(place * (high - low + 1)));
      };
    }

    /** {@code count} values spread evenly from the least to the largest; fewer if there are not so many whole numbers. */
    public List<Double> grid(int count) {
      LinkedHashSet<Double> values = new LinkedHashSet<>();
      for (int i = 0; i < count; i++) {
        double place = count == 1 ? 0.5 : (double) i / (count - 1);
        values.add(scale == Scale.WHOLE ? (double) Math.round(low + place * (high - low)) : at(place));
      }
      return new ArrayList<>(values);
    }
  }

  /** The values at places from 0 to 1, one for each axis. */
  public Map<String, Double> at(double[] places) {
    Map<String, Double> point = new LinkedHashMap<>();
    for (int i = 0; i < places.length; i++) {
      point.put(axes.get(i).name(), axes.get(i).at(places[i]));
    }
    return point;
  }
}
