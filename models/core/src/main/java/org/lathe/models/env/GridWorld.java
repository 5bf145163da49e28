package org.lathe.models.env;

import java.awt.Color;
import java.awt.Graphics2D;
import java.util.List;
import java.util.random.RandomGenerator;

/**
 * A maze of cells with a goal (G) and pits (P), after Sutton and Barto (2018, chapter 3): the agent begins in a random free
 * cell and moves north (0), east (1), south (2) or west (3); it stays where it is against a wall (#) or the edge.
 *
 * <p>Observation: the agent's cell as one of rows * columns, 1 there and 0 elsewhere. Reward: 1 for the goal, -1 for a pit,
 * both of which terminate the episode, and -0.04 for any other step. Truncated after {@value #LIMIT} steps.
 */
public final class GridWorld implements Environment {
  public static final int LIMIT = 60;
  private static final double STEP_REWARD = -0.04;
  private static final int[] DOWN = {-1, 0, 1, 0};
  private static final int[] RIGHT = {0, 1, 0, -1};

  private final List<String> map;
  private final int columns;
  private int cell;
  private int steps;
  private boolean running;

  /** The maze that the zoo's agent learns: 6 x 7 cells, one goal, two pits. */
  public static GridWorld standard() {
    return new GridWorld(
        "...#..G",
        ".#.#.#.",
        ".#...#P",
        ".##.##.",
        "...P...",
        ".#...#.");
  }

  /**
   * @param rows of equal length: '.' a free cell, '#' a wall, 'G' a goal, 'P' a pit
   * @throws IllegalArgumentException if the rows differ in length, hold another character, or no free cell
   */
  public GridWorld(String... rows) {
    map = List.of(rows);
    columns = rows.length == 0 ? 0 : rows[0].length();
    for (String row : rows) {
      if (row.length() != columns || !row.matches("[.#GP]*")) {
        throw new IllegalArgumentException(
            "row '" + row + "' of a grid world: expected " + columns + " characters of . # G P");
      }
    }
    if (map.stream().noneMatch(r -> r.contains("."))) {
      throw new IllegalArgumentException("a grid world needs a free cell to begin in");
    }
  }

  public int cells() {
    return map.size() * columns;
  }

  /** Whether an episode can begin in, and go on from, this cell. */
  public boolean isFree(int c) {
    return at(c) == '.';
  }

  /** Where an action in a free cell leads. */
  public int next(int from, int action) {
    int row = from / columns + DOWN[action];
    int column = from % columns + RIGHT[action];
    boolean inside = row >= 0 && row < map.size() && column >= 0 && column < columns;
    return inside && at(row * columns + column) != '#' ? row * columns + column : from;
  }

  /** The reward of a step that ends in this cell. */
  public double reward(int to) {
    return switch (at(to)) {
      case 'G' -> 1;
      case 'P' -> -1;
      default -> STEP_REWARD;
    };
  }

  private char at(int c) {
    return map.get(c / columns).charAt(c % columns);
  }

  @Override
  public int observationSize() {
    return cells();
  }

  @Override
  public int actions() {
    return DOWN.length;
  }

  @Override
  public int limit() {
    return LIMIT;
  }

  @Override
  public float[] reset(RandomGenerator random) {
    int from;
    do {
      from = random.nextInt(cells());
    } while (!isFree(from));
    return begin(from);
  }

  /** Begins an episode in a cell of choice. */
  public float[] begin(int from) {
    if (!isFree(from)) {
      throw new IllegalArgumentException("cell " + from + " is not free; an episode begins in a free cell");
    }
    cell = from;
    steps = 0;
    running = true;
    return observation();
  }

  @Override
  public Transition step(int action) {
    Environment.checkStep(this, action, running);
    cell = next(cell, action);
    steps++;
    boolean terminated = !isFree(cell);
    boolean truncated = steps >= LIMIT;
    running = !terminated && !truncated;
    return new Transition(observation(), reward(cell), terminated, truncated);
  }

  @Override
  public float[] observation() {
    return observation(cell);
  }

  /** Of an agent in this cell. */
  public float[] observation(int c) {
    float[] one = new float[cells()];
    one[c] = 1;
    return one;
  }

  @Override
  public double[] state() {
    return new double[]{cell, steps, running ? 1 : 0};
  }

  @Override
  public void restore(double[] state) {
    cell = (int) state[0];
    steps = (int) state[1];
    running = state[2] != 0;
  }

  @Override
  public void draw(Graphics2D g, int width, int height) {
    int side = Math.min(width / columns, height / map.size());
    for (int c = 0; c < cells(); c++) {
      g.setColor(switch (at(c)) {
        case '#' -> Color.DARK_GRAY;
        case 'G' -> new Color(90, 180, 90);
        case 'P' -> new Color(200, 80, 80);
        default -> new Color(235, 235, 235);
      });
      g.fillRect(c % columns * side, c / columns * side, side - 1, side - 1);
    }
    g.setColor(new Color(50, 90, 200));
    g.fillOval(cell % columns * side + side / 5, cell / columns * side + side / 5, 3 * side / 5, 3 * side / 5);
  }
}
