package org.lathe.models.env;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.awt.image.BufferedImage;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class EnvironmentsTest {
  private static final int NORTH = 0;
  private static final int EAST = 1;
  private static final int SOUTH = 2;
  private static final int WEST = 3;

  private final long seed = System.nanoTime();
  private final RandomGenerator random = new SplittableRandom(seed);

  static List<Supplier<Environment>> kinds() {
    return List.of(CartPole::new, GridWorld::standard, () -> new TMaze(1, 20, 60));
  }

  /** The accelerations by Cramer's rule from the equations of motion, which CartPole has solved by hand. */
  @Test
  void cartPoleFollowsTheEquationsOfMotion() {
    CartPole cartPole = new CartPole();
    for (int trial = 0; trial < 50; trial++) {
      double[] s = {random.nextDouble(-2, 2), random.nextDouble(-3, 3), random.nextDouble(-0.2, 0.2),
          random.nextDouble(-3, 3), 3, 1};
      cartPole.restore(s);
      int action = random.nextInt(2);
      cartPole.step(action);
      double m = 0.1;
      double l = 0.5;
      // [a b; c d] (x'', angle'') = (e, f)
      double a = 1 + m;
      double b = m * l * Math.cos(s[2]);
      double c = b;
      double d = 4.0 / 3 * m * l * l;
      double e = (action == 1 ? 10 : -10) + m * l * s[3] * s[3] * Math.sin(s[2]);
      double f = m * 9.8 * l * Math.sin(s[2]);
      double determinant = a * d - b * c;
      double[] expected = {s[0] + 0.02 * s[1], s[1] + 0.02 * (e * d - b * f) / determinant, s[2] + 0.02 * s[3],
          s[3] + 0.02 * (a * f - e * c) / determinant};
      double[] found = cartPole.state();
      for (int k = 0; k < 4; k++) {
        assertEquals(expected[k], found[k], 1e-12, "state " + k + ", seed " + seed);
      }
    }
  }

  @Test
  void cartPoleTerminatesOutsideItsBoundsAndIsTruncatedAfter500Steps() {
    CartPole c = new CartPole();
    c.restore(new double[]{2.399, 1, 0, 0, 10, 1});
    Environment.Transition t = c.step(0);
    assertTrue(t.terminated() && !t.truncated());
    assertEquals(1, t.reward());
    c.restore(new double[]{0, 0, -0.2094, -0.1, 10, 1});
    assertTrue(c.step(0).terminated());
    c.restore(new double[]{0, 0, 0.2, 0, 10, 1});
    assertFalse(c.step(1).ended());
    c.restore(new double[]{0, 0, 0, 0, 499, 1});
    t = c.step(1);
    assertTrue(t.truncated() && !t.terminated());
    assertThrows(IllegalStateException.class, () -> c.step(0));
    for (int trial = 0; trial < 20; trial++) {
      for (float x : c.reset(random)) {
        assertTrue(Math.abs(x) <= 0.05f);
      }
    }
  }

  @Test
  void gridWorldMovesStaysAtWallsAndEndsAtGoalsAndPits() {
    GridWorld g = new GridWorld(".#G", "..P");
    assertArrayEquals(new float[]{1, 0, 0, 0, 0, 0}, g.begin(0));
    assertEquals(-0.04, g.step(EAST).reward());
    assertEquals(-0.04, g.step(NORTH).reward());
    assertArrayEquals(new float[]{1, 0, 0, 0, 0, 0}, g.observation());
    assertArrayEquals(new float[]{0, 0, 0, 1, 0, 0}, g.step(SOUTH).observation());
    assertFalse(g.step(WEST).ended());
    g.step(EAST);
    Environment.Transition pit = g.step(EAST);
    assertEquals(-1, pit.reward());
    assertTrue(pit.terminated());
    GridWorld row = new GridWorld(".G");
    assertEquals(1, row.next(0, EAST));
    assertEquals(0, row.next(0, SOUTH));
    assertEquals(1, row.reward(1));
    g.begin(0);
    for (int i = 1; i < GridWorld.LIMIT; i++) {
      assertFalse(g.step(NORTH).ended());
    }
    assertTrue(g.step(NORTH).truncated());
    assertThrows(IllegalArgumentException.class, () -> g.begin(1));
    assertThrows(IllegalArgumentException.class, () -> new GridWorld("..", "."));
    assertThrows(IllegalArgumentException.class, () -> new GridWorld("GP"));
    assertThrows(IllegalArgumentException.class, () -> new GridWorld(".x"));
  }

  @Test
  void tMazeShowsTheSignOnlyAtTheStartAndRewardsTheTurnThatItTells() {
    int northern = 0;
    for (int trial = 0; trial < 40; trial++) {
      TMaze maze = new TMaze(20, 20, 60);
      float[] sign = maze.reset(random);
      boolean north = sign[0] == 0;
      northern += north ? 1 : 0;
      assertArrayEquals(north ? new float[]{0, 1, 1} : new float[]{1, 1, 0}, sign);
      assertEquals(-0.1, maze.step(WEST).reward());
      assertEquals(-0.1, maze.step(SOUTH).reward());
      assertArrayEquals(sign, maze.observation());
      for (int i = 1; i < 20; i++) {
        Environment.Transition t = maze.step(EAST);
        assertArrayEquals(new float[]{1, 0, 1}, t.observation());
        assertEquals(0, t.reward());
      }
      assertArrayEquals(new float[]{0, 1, 0}, maze.step(EAST).observation());
      assertEquals(-0.1, maze.step(EAST).reward());
      Environment.Transition last = maze.step(trial % 2 == 0 ? NORTH : SOUTH);
      assertTrue(last.terminated());
      assertEquals((trial % 2 == 0) == north ? 4 : -0.1, last.reward());
    }
    assertTrue(northern > 3 && northern < 37, "seed " + seed);
    TMaze few = new TMaze(1, 2, 3);
    few.reset(random);
    few.step(NORTH);
    few.step(NORTH);
    assertTrue(few.step(NORTH).truncated());
    assertThrows(IllegalArgumentException.class, () -> new TMaze(0, 2, 5));
    assertThrows(IllegalArgumentException.class, () -> new TMaze(3, 2, 5));
    assertThrows(IllegalArgumentException.class, () -> new TMaze(2, 5, 5));
  }

  @ParameterizedTest
  @MethodSource("kinds")
  void refusesActionsThatAreNotThereAndStepsAfterTheEnd(Supplier<Environment> kind) {
    Environment e = kind.get();
    assertThrows(IllegalStateException.class, () -> e.step(0));
    e.reset(random);
    assertThrows(IllegalArgumentException.class, () -> e.step(-1));
    assertThrows(IllegalArgumentException.class, () -> e.step(e.actions()));
    int steps = 0;
    Environment.Transition t;
    do {
      t = e.step(random.nextInt(e.actions()));
      steps++;
    } while (!t.ended());
    assertTrue(steps <= e.limit());
    assertThrows(IllegalStateException.class, () -> e.step(0));
    BufferedImage image = new BufferedImage(120, 90, BufferedImage.TYPE_INT_RGB);
    e.draw(image.createGraphics(), 120, 90);
  }

  /** Each environment on its own, played by hand, against all together; and a restored one against one that went on. */
  @ParameterizedTest
  @MethodSource("kinds")
  void vectorEnvironmentIsManyEnvironmentsThatBeginAnew(Supplier<Environment> kind) {
    int count = 3;
    VectorEnvironment all = new VectorEnvironment(count, kind, seed);
    List<Environment> alone = new ArrayList<>();
    long[] episode = new long[count];
    double[] sum = new double[count];
    for (int i = 0; i < count; i++) {
      Environment e = kind.get();
      e.reset(VectorEnvironment.stream(seed, i, 0));
      alone.add(e);
    }
    VectorEnvironment restored = null;
    int w = all.width();
    for (int step = 0; step < 200; step++) {
      int[] actions = random.ints(count, 0, alone.getFirst().actions()).toArray();
      all.step(actions);
      if (restored != null) {
        restored.step(actions);
        assertArrayEquals(all.state(), restored.state());
        assertArrayEquals(all.observations(), restored.observations());
      }
      int ends = 0;
      for (int i = 0; i < count; i++) {
        Environment.Transition t = alone.get(i).step(actions[i]);
        sum[i] += t.reward();
        assertEquals((float) t.reward(), all.rewards()[i]);
        assertEquals(t.terminated(), all.terminated()[i]);
        assertEquals(t.truncated(), all.truncated()[i]);
        float[] now = t.observation();
        for (int k = 0; k < w; k++) {
          assertEquals(now[k], all.next()[i * w + k]);
        }
        if (t.ended()) {
          assertEquals(sum[i], all.ended().get(ends).total());
          ends++;
          sum[i] = 0;
          now = alone.get(i).reset(VectorEnvironment.stream(seed, i, ++episode[i]));
        }
        for (int k = 0; k < w; k++) {
          assertEquals(now[k], all.observations()[i * w + k]);
        }
      }
      assertEquals(ends, all.ended().size());
      if (step == 77) {
        restored = new VectorEnvironment(count, kind, seed);
        restored.restore(all.state());
      }
    }
    assertThrows(IllegalArgumentException.class, () -> all.step(new int[2]));
    assertThrows(IllegalArgumentException.class, () -> all.restore(new double[1]));
  }
}
