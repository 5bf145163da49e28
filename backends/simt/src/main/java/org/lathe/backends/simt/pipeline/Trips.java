package org.lathe.backends.simt.pipeline;

/**
 * How often a loop runs each time that it is reached.
 *
 * @param known whether the bounds follow from constants and the counters around, and not from data
 */
public record Trips(long least, long most, double mean, boolean known) {
  static Trips of(long count) {
    return new Trips(count, count, count, true);
  }

  public boolean isFixed() {
    return known && least == most;
  }

  @Override
  public String toString() {
    return !known ? "depends on data" : isFixed() ? Long.toString(most) : least + " to " + most;
  }
}
