package org.lathe.backends.simt.pipeline;

/**
 * What to expect of one loop.
 *
 * @param counters of the loop; of a nest that runs as one pipeline all of them, the outermost first
 * @param depth how many loops it is inside of
 * @param trips iterations each time it is reached; of a nest, of all its loops together
 * @param kind how it runs
 * @param interval cycles from the start of one iteration to the start of the next
 * @param latency cycles from the start of one iteration to its end
 * @param reason what the interval comes from, for people
 * @param cycles each time the loop is reached
 * @param entries how often it is reached in a launch
 */
public record LoopPipeline(
    String counters,
    int depth,
    Trips trips,
    Kind kind,
    double interval,
    int latency,
    String reason,
    double cycles,
    double entries) {

  public enum Kind {
    /** A new iteration starts each interval, before the last one has ended. */
    PIPELINED,
    /** An iteration starts when the last one, with the loops inside it, has ended. */
    IN_TURN,
    /** All iterations are hardware of their own. */
    UNROLLED
  }
}
