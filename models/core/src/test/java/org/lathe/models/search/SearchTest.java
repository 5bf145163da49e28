package org.lathe.models.search;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.lathe.models.search.Space.Axis;

class SearchTest {
  private static final Space SPACE = Space.of(Axis.logarithmic("rate", 1e-4, 1), Axis.whole("layers", 1, 5));

  /** Least, 0, at a rate of 0.01 and 3 layers. */
  private static double bowl(Map<String, Double> p) {
    double rate = Math.log10(p.get("rate")) + 2;
    double layers = p.get("layers") - 3;
    return rate * rate + 0.3 * layers * layers;
  }

  @Test
  void aGridHasEveryCombination() {
    Search.Result r = Search.grid(SPACE, 5, SearchTest::bowl);
    assertEquals(25, r.trials().size());
    assertEquals(25, r.trials().stream().map(Search.Trial::point).distinct().count());
    assertEquals(0.01, r.best().point().get("rate"), 1e-9);
    assertEquals(3, r.best().point().get("layers"));
  }

  @Test
  void wholeNumbersAreNotTriedTwice() {
    assertEquals(List.of(1.0, 2.0, 3.0), Axis.whole("n", 1, 3).grid(9));
    assertEquals(List.of(2.0), Axis.whole("n", 1, 3).grid(1));
    assertEquals(3, Axis.whole("n", 1, 3).at(1));
    assertEquals(1, Axis.whole("n", 1, 3).at(0));
  }

  @Test
  void coordinatesAreSearchedInTurn() {
    Search.Result r = Search.coordinate(SPACE, 5, 2, SearchTest::bowl);
    assertEquals(0, r.best().loss(), 1e-9);
    assertTrue(r.trials().size() < 25);
  }

  @Test
  void randomTrialsStayWithinBoundsAndDependOnTheSeed() {
    Search.Result r = Search.random(SPACE, 50, 3, SearchTest::bowl);
    assertEquals(r, Search.random(SPACE, 50, 3, SearchTest::bowl));
    assertTrue(!r.equals(Search.random(SPACE, 50, 4, SearchTest::bowl)));
    for (Search.Trial t : r.trials()) {
      assertTrue(t.point().get("rate") >= 1e-4 && t.point().get("rate") <= 1);
      assertTrue(t.point().get("layers") >= 1 && t.point().get("layers") <= 5);
    }
  }

  @Test
  void aModelOfTheTrialsFindsMoreThanChance() {
    Space plane = Space.of(Axis.linear("x", -1, 1), Axis.linear("y", -1, 1));
    double bayesian = 0;
    double random = 0;
    for (long seed = 0; seed < 5; seed++) {
      bayesian += Search.bayesian(plane, 25, seed, SearchTest::valley).best().loss();
      random += Search.random(plane, 25, seed, SearchTest::valley).best().loss();
    }
    assertTrue(bayesian < random / 3, bayesian + " and by chance " + random);
  }

  private static double valley(Map<String, Double> p) {
    double x = p.get("x") - 0.3;
    double y = p.get("y") + 0.5;
    return x * x + 2 * y * y + 0.3 * x * y;
  }

  @Test
  void aTrainingThatDivergesIsNeverTheBest() {
    Search.Result r = Search.bayesian(SPACE, 15, 1, p -> p.get("rate") > 0.05 ? Double.NaN : bowl(p));
    assertTrue(r.best().loss() < 3, r.best().toString());
  }

  @Test
  void aGaussianProcessGoesThroughItsPoints() {
    List<double[]> x = List.of(new double[]{0.1}, new double[]{0.5}, new double[]{0.9});
    GaussianProcess p = GaussianProcess.fit(x, new double[]{1, -2, 3});
    assertEquals(-2, p.predict(new double[]{0.5})[0], 0.01);
    assertTrue(p.predict(new double[]{0.5})[1] < p.predict(new double[]{0.3})[1]);
    assertEquals(0.5, GaussianProcess.cumulative(0), 1e-7);
    assertEquals(0.9750021, GaussianProcess.cumulative(1.96), 1e-6);
    assertEquals(0.0013499, GaussianProcess.cumulative(-3), 1e-6);
  }

  @Test
  void senselessSpacesAreRefused() {
    assertThrows(IllegalArgumentException.class, () -> Axis.linear("x", 2, 1));
    assertThrows(IllegalArgumentException.class, () -> Axis.logarithmic("x", 0, 1));
    assertThrows(IllegalArgumentException.class, () -> Space.of(Axis.linear("x", 0, 1), Axis.linear("x", 0, 1)));
    assertThrows(IllegalArgumentException.class, () -> Search.random(SPACE, 0, 1, SearchTest::bowl));
  }
}
