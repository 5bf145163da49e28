package org.lathe.models.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.lathe.compiler.runtime.Lathe;
import org.lathe.hal.DType;
import org.lathe.hal.Dims;
import org.lathe.models.data.Column;
import org.lathe.models.data.Dataset;
import org.lathe.models.nn.Initializer;
import org.lathe.models.nn.Module;
import org.lathe.models.nn.Parameter;
import org.lathe.models.optim.Sgd;

class BucketsTest {
  private static final int[] LENGTHS = {1, 5, 2, 3, 4, 2, 5, 3, 1};

  /** Example i holds 10 i + t at step t. */
  private static Dataset data() {
    int[] x = new int[LENGTHS.length * 5];
    for (int i = 0; i < x.length; i++) {
      x[i] = i / 5 * 10 + i % 5;
    }
    return new Dataset(
        "counts", List.of(new Column.Ints("x", Dims.of(5), x), new Column.Ints("length", Dims.of(), LENGTHS)));
  }

  @Test
  void eachExampleIsInTheBucketOfItsLengthAndCut() {
    List<Dataset> buckets = Buckets.split(data(), "length", 2, 5);
    assertEquals(List.of(4, 5), buckets.stream().map(Dataset::size).toList());
    assertEquals(Dims.of(2), buckets.getFirst().column("x").shape());
    int[] expected = {0, 1, 20, 21, 50, 51, 80, 81};
    assertArrayEquals(
        expected, ((Column.Ints) buckets.getFirst().column("x")).data());
    assertThrows(IllegalArgumentException.class, () -> Buckets.split(data(), "length", 2, 4));
  }

  private static final class Sum extends Module {
    final Parameter total = parameter("total", Initializer.ZEROS, 1);
  }

  /** One full batch of each bucket is left out of none, and all buckets' steps count together. */
  @Test
  void anEpochRunsEveryBucketAndCountsItsStepsTogether() {
    Sum model = new Sum();
    try (Lathe lathe = Lathe.on("cpu");
        ModelState state = new ModelState(lathe, 1);
        Buckets buckets = Buckets.bind(
            List.of(step(model, 2), step(model, 5)), Buckets.split(data(), "length", 2, 5), state, 3, Map::of)) {
      assertEquals(4, buckets.iterationsPerEpoch());
      Set<Double> numbers = new HashSet<>();
      Set<List<Double>> orders = new HashSet<>();
      for (int epoch = 0; epoch < 6; epoch++) {
        buckets.beginEpoch(epoch);
        List<Double> widths = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
          double loss = buckets.iterate(epoch, i);
          widths.add(Math.floor(loss / 1000));
          numbers.add(loss % 1000);
        }
        assertEquals(14, widths.stream().mapToDouble(w -> w).sum(), "two batches of 2 steps, two of 5");
        orders.add(widths);
      }
      assertEquals(24, numbers.size(), "each step has a number of its own");
      assertTrue(orders.size() > 1, "the buckets are mixed anew in each epoch");
    }
  }

  /** Its loss is 1000 times its length, and the number of steps before it. */
  private static Step step(Sum model, long length) {
    return Step.training(
        "s", model, List.of(Field.ints("x", 2, length)),
        c -> {
          c.minimize(c.input("x").cast(DType.F32).sum().mul(model.total.tensor()).sum(), Group.of(model, new Sgd(0)));
          c.report("loss", c.stepNumber().add(1000 * length));
        });
  }
}
