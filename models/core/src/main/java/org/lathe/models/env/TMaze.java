package org.lathe.models.env;

import java.awt.Color;
import java.awt.Graphics2D;
import java.util.random.RandomGenerator;

/**
 * The T-maze (Bakker 2002): a corridor that ends in a junction, where the goal is to the north or to the south. Only at the
 * start does a sign say which: all cells of the corridor look alike, so the sign must be remembered.
 *
 * <p>Actions: north (0), east (1), south (2), west (3). Observation, three bits: 011 at the start with the goal in the north,
 * 110 with the goal in the south, 101 in the corridor, 010 at the junction. Reward: 4 for the goal and -0.1 for the other
 * arm, both of which terminate the episode, -0.1 for standing still against a wall, and 0 for a move. Truncated at the limit.
 */
public final class TMaze implements Environment {
  public static final double GOAL = 4;
  private static final double PENALTY = -0.1;
  private static final int NORTH = 0;
  private static final int EAST = 1;
  private static final int SOUTH = 2;
  private static final int WEST = 3;

  private final int shortest;
  private final int longest;
  private final int limit;
  private int length;
  private int position;
  private boolean goalNorth;
  private int steps;
  /** The turn taken: -1 to the north, 1 to the south, 0 none so far. */
  private int turn;
  private boolean running;

  /**
   * @param shortest the least number of steps from the start to the junction, at least 1
   * @param longest the most; each episode's is drawn uniformly
   * @param limit of steps in an episode
   */
  public TMaze(int shortest, int longest, int limit) {
    if (shortest < 1 || longest < shortest || limit <= longest) {
      throw new IllegalArgumentException(
          "a T-maze of " + shortest + " to " + longest + " steps with a limit of " + limit
              + ": expected 1 <= shortest <= longest < limit");
    }
    this.shortest = shortest;
    this.longest = longest;
    this.limit = limit;
  }

  @Override
  public int observationSize() {
    return 3;
  }

  @Override
  public int actions() {
    return 4;
  }

  @Override
  public int limit() {
    return limit;
  }

  @Override
  public float[] reset(RandomGenerator random) {
    length = shortest + random.nextInt(longest - shortest + 1);
    goalNorth = random.nextBoolean();
    position = 0;
    steps = 0;
    turn = 0;
    running = true;
    return observation();
  }

  @Override
  public Transition step(int action) {
    Environment.checkStep(this, action, running);
    steps++;
    boolean atJunction = position == length;
    boolean turned = atJunction && (action == NORTH || action == SOUTH);
    double reward;
    if (turned) {
      turn = action == NORTH ? -1 : 1;
      reward = (action == NORTH) == goalNorth ? GOAL : PENALTY;
    } else if (action == EAST && !atJunction) {
      position++;
      reward = 0;
    } else if (action == WEST && position > 0) {
      position--;
      reward = 0;
    } else {
      reward = PENALTY;
    }
    boolean truncated = steps >= limit;
    running = !turned && !truncated;
    return new Transition(observation(), reward, turned, truncated);
  }

  @Override
  public float[] observation() {
    if (position == 0) {
      return goalNorth ? new float[]{0, 1, 1} : new float[]{1, 1, 0};
    }
    return position == length ? new float[]{0, 1, 0} : new float[]{1, 0, 1};
  }

  @Override
  public double[] state() {
    return new double[]{length, position, goalNorth ? 1 : 0, steps, turn, running ? 1 : 0};
  }

  @Override
  public void restore(double[] state) {
    length = (int) state[0];
    position = (int) state[1];
    goalNorth = state[2] != 0;
    steps = (int) state[3];
    turn = (int) state[4];
    running = state[5] != 0;
  }

  @Override
  public void draw(Graphics2D g, int width, int height) {
    int side = Math.max(2, Math.min(width / (length + 2), height / 4));
    int middle = height / 2;
    g.setColor(new Color(235, 235, 235));
    for (int x = 0; x <= length; x++) {
      g.fillRect(x * side, middle, side - 1, side - 1);
    }
    g.setColor(goalNorth ? new Color(90, 180, 90) : new Color(200, 80, 80));
    g.fillRect(length * side, middle - side, side - 1, side - 1);
    g.setColor(goalNorth ? new Color(200, 80, 80) : new Color(90, 180, 90));
    g.fillRect(length * side, middle + side, side - 1, side - 1);
    g.setColor(Color.DARK_GRAY);
    g.drawString(goalNorth ? "north" : "south", 2, middle - 4);
    g.setColor(new Color(50, 90, 200));
    g.fillOval(position * side, middle + turn * side, side - 1, side - 1);
  }
}
