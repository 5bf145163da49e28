package org.lathe.models.zoo.agents;

import org.lathe.models.env.GridWorld;

/**
 * The exact values of a grid world (Bellman 1957), in float64: what an agent that learned it is checked against.
 *
 * @param values the best discounted return from each cell; 0 where no episode goes on
 * @param actions the best discounted return after each action, [cells * actions]
 */
record ValueIteration(double[] values, double[] actions) {
  private static final double CONVERGED = 1e-13;

  static ValueIteration of(GridWorld world, double discount) {
    double[] values = new double[world.cells()];
    double[] q = new double[world.cells() * world.actions()];
    double change;
    do {
      change = 0;
      for (int c = 0; c < world.cells(); c++) {
        if (!world.isFree(c)) {
          continue;
        }
        double best = Double.NEGATIVE_INFINITY;
        for (int a = 0; a < world.actions(); a++) {
          int to = world.next(c, a);
          double value = world.reward(to) + discount * values[to];
          q[c * world.actions() + a] = value;
          best = Math.max(best, value);
        }
        change = Math.max(change, Math.abs(best - values[c]));
        values[c] = best;
      }
    } while (change > CONVERGED);
    return new ValueIteration(values, q);
  }

  /**
   * The discounted return from a cell of always taking the policy's action.
   *
   * @param policy an action for each cell
   */
  static double follow(GridWorld world, int[] policy, int from, double discount) {
    double sum = 0;
    double factor = 1;
    int cell = from;
    for (int step = 0; world.isFree(cell) && step < GridWorld.LIMIT; step++) {
      cell = world.next(cell, policy[cell]);
      sum += factor * world.reward(cell);
      factor *= discount;
    }
    return sum;
  }
}
