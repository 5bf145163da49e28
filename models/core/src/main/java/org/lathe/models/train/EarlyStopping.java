package org.lathe.models.train;

import java.util.List;

/**
 * Ends a training when a metric on held-out data has not improved for some epochs, or has reached a goal; the best epoch's
 * values are then restored.
 *
 * @param patience epochs without a new best
 * @param goal at which it ends at once; NaN for none
 */
public record EarlyStopping(String metric, Direction direction, int patience, double goal) {

  /** Which way a metric is better. */
  public enum Direction {
    HIGHER, LOWER;

    public boolean isBetter(double candidate, double than) {
      return this == HIGHER ? candidate > than : candidate < than;
    }

    /** Whether {@code value} is at {@code bar} or better. */
    public boolean reaches(double value, double bar) {
      return this == HIGHER ? value >= bar : value <= bar;
    }
  }

  public static EarlyStopping of(String metric, Direction direction, int patience) {
    return new EarlyStopping(metric, direction, patience, Double.NaN);
  }

  public EarlyStopping withGoal(double newGoal) {
    return new EarlyStopping(metric, direction, patience, newGoal);
  }

  /** The position of the first best record, or -1 if there is none with a number. */
  int best(List<EpochRecord> history) {
    int best = -1;
    for (int i = 0; i < history.size(); i++) {
      double value = value(history.get(i));
      if (!Double.isNaN(value) && (best < 0 || direction.isBetter(value, value(history.get(best))))) {
        best = i;
      }
    }
    return best;
  }

  boolean ends(List<EpochRecord> history) {
    int best = best(history);
    return history.size() - 1 - best >= patience
        || best >= 0 && !Double.isNaN(goal) && direction.reaches(value(history.get(best)), goal);
  }

  private double value(EpochRecord record) {
    Double value = record.metrics().get(metric);
    if (value == null) {
      throw new IllegalArgumentException(
          "early stopping watches '" + metric + "', measured were " + record.metrics().keySet());
    }
    return value;
  }
}
