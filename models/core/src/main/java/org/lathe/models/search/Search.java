package org.lathe.models.search;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.ToDoubleFunction;
import java.util.random.RandomGenerator;

/** Ways to look for the hyperparameters with the least loss. Each trial runs to its end before the next begins. */
public final class Search {
  private Search() {}

  /**
   * A point that was tried.
   *
   * @param loss what came of it; NaN, as of a training that diverged, counts as worse than any number
   */
  public record Trial(Map<String, Double> point, double loss) {
    public Trial {
      point = Map.copyOf(point);
    }
  }

  /** All trials in their order, of which there is at least one. */
  public record Result(List<Trial> trials) {
    public Result {
      trials = List.copyOf(trials);
    }

    /** The first trial of the least loss. */
    public Trial best() {
      return trials.stream().min(Comparator.comparingDouble(Trial::loss)).orElseThrow();
    }
  }

  /**
   * Every combination of values.
   *
   * @param perAxis how many values of each hyperparameter
   */
  public static Result grid(Space space, int perAxis, ToDoubleFunction<Map<String, Double>> loss) {
    positive("values of each axis", perAxis);
    List<Map<String, Double>> points = new ArrayList<>(List.of(Map.of()));
    for (Space.Axis axis : space.axes()) {
      List<Map<String, Double>> longer = new ArrayList<>();
      for (Map<String, Double> point : points) {
        for (double value : axis.grid(perAxis)) {
          longer.add(with(point, axis.name(), value));
        }
      }
      points = longer;
    }
    return new Result(points.stream().map(p -> new Trial(p, loss.applyAsDouble(p))).toList());
  }

  /** Points drawn uniformly (Bergstra and Bengio 2012). */
  public static Result random(Space space, int trials, long seed, ToDoubleFunction<Map<String, Double>> loss) {
    positive("trials", trials);
    RandomGenerator random = new SplittableRandom(seed);
    List<Trial> all = new ArrayList<>();
    for (int t = 0; t < trials; t++) {
      Map<String, Double> point = space.at(places(space, random));
      all.add(new Trial(point, loss.applyAsDouble(point)));
    }
    return new Result(all);
  }

  /**
   * One hyperparameter at a time, the others staying at the best values so far, from the middle of the space.
   *
   * @param rounds how often each has its turn
   */
  public static Result coordinate(Space space, int perAxis, int rounds, ToDoubleFunction<Map<String, Double>> loss) {
    positive("values of each axis", perAxis);
    positive("rounds", rounds);
    double[] middle = new double[space.axes().size()];
    Arrays.fill(middle, 0.5);
    Map<String, Double> start = space.at(middle);
    List<Trial> all = new ArrayList<>(List.of(new Trial(start, loss.applyAsDouble(start))));
    for (int r = 0; r < rounds; r++) {
      for (Space.Axis axis : space.axes()) {
        Map<String, Double> best = new Result(all).best().point();
        for (double value : axis.grid(perAxis)) {
          Map<String, Double> point = with(best, axis.name(), value);
          if (all.stream().noneMatch(t -> t.point().equals(point))) {
            all.add(new Trial(point, loss.applyAsDouble(point)));
          }
        }
      }
    }
    return new Result(all);
  }

  /**
   * Where a Gaussian process that is fitted to the trials so far expects the largest improvement (Mockus 1975; Snoek,
   * Larochelle and Adams 2012). The first few points are drawn at random.
   */
  public static Result bayesian(Space space, int trials, long seed, ToDoubleFunction<Map<String, Double>> loss) {
    positive("trials", trials);
    RandomGenerator random = new SplittableRandom(seed);
    int begin = Math.min(trials, 2 * space.axes().size() + 2);
    List<double[]> places = new ArrayList<>();
    List<Trial> all = new ArrayList<>();
    for (int t = 0; t < trials; t++) {
      double[] next = t < begin ? places(space, random) : mostPromising(space, places, all, random);
      Map<String, Double> point = space.at(next);
      places.add(next);
      all.add(new Trial(point, loss.applyAsDouble(point)));
    }
    return new Result(all);
  }

  private static final int CANDIDATES = 1_000;

  private static double[] mostPromising(
      Space space, List<double[]> places, List<Trial> trials, RandomGenerator random) {
    double[] losses = finite(trials);
    GaussianProcess model = GaussianProcess.fit(places, losses);
    double least = Arrays.stream(losses).min().orElseThrow();
    double[] bestSoFar = places.get(trials.indexOf(new Result(trials).best()));
    double[] best = places(space, random);
    double most = Double.NEGATIVE_INFINITY;
    for (int c = 0; c < CANDIDATES; c++) {
      double[] candidate = places(space, random);
      if (c % 2 == 1) {
        for (int i = 0; i < candidate.length; i++) {
          candidate[i] = Math.clamp(bestSoFar[i] + 0.1 * random.nextGaussian(), 0.0, 1.0);
        }
      }
      double expected = model.expectedImprovement(candidate, least);
      if (expected > most) {
        most = expected;
        best = candidate;
      }
    }
    return best;
  }

  /** The losses, with the worst finite one in place of what is no number. */
  private static double[] finite(List<Trial> trials) {
    double worst = trials.stream().mapToDouble(Trial::loss).filter(Double::isFinite).max().orElse(0);
    return trials.stream().mapToDouble(t -> Double.isFinite(t.loss()) ? t.loss() : worst).toArray();
  }

  private static double[] places(Space space, RandomGenerator random) {
    double[] places = new double[space.axes().size()];
    Arrays.setAll(places, i -> random.nextDouble());
    return places;
  }

  private static Map<String, Double> with(Map<String, Double> point, String name, double value) {
    Map<String, Double> copy = new LinkedHashMap<>(point);
    copy.put(name, value);
    return copy;
  }

  private static void positive(String what, int number) {
    if (number < 1) {
      throw new IllegalArgumentException("a search needs at least one of " + what + ", not " + number);
    }
  }
}
