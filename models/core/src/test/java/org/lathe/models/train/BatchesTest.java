package org.lathe.models.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.lathe.compiler.runtime.Lathe;
import org.lathe.hal.DType;
import org.lathe.hal.Dims;
import org.lathe.models.data.Column;
import org.lathe.models.data.Dataset;
import org.lathe.models.nn.Sequential;

class BatchesTest {
  private static Dataset numbers(int count) {
    float[] x = new float[2 * count];
    for (int i = 0; i < x.length; i++) {
      x[i] = i;
    }
    return new Dataset(
        "numbers",
        List.of(
            new Column.Floats("x", Dims.of(2), x),
            new Column.Ints("i", Dims.of(), IntStream.range(0, count).toArray())));
  }

  private static Step copying(int batch) {
    return Step.inference(
        "copy",
        new Sequential(),
        List.of(Field.floats("x", batch, 2), Field.ints("i", batch)),
        c -> {
          c.report("x", c.input("x").sum(1));
          c.report("i", c.input("i").cast(DType.F32));
        });
  }

  @Test
  void anEpochShowsEachExampleOnceInAnOrderOfItsOwn() {
    try (Lathe lathe = Lathe.on("cpu");
        ModelState state = new ModelState(lathe, 1);
        BoundStep step = BoundStep.bind(copying(4), state)) {
      Batches batches = new Batches(numbers(13), step, 5);
      Batches same = new Batches(numbers(13), step, 5);
      assertEquals(3, batches.count());
      int[][] orders = new int[3][];
      for (int epoch = 0; epoch < 3; epoch++) {
        batches.beginEpoch(epoch);
        Set<Integer> seen = new HashSet<>();
        orders[epoch] = new int[12];
        for (int b = 0; b < batches.count(); b++) {
          batches.fill(b);
          int[] i = step.input("i").toInts();
          float[] x = step.input("x").toFloats();
          for (int k = 0; k < 4; k++) {
            assertTrue(seen.add(i[k]));
            assertEquals(2 * i[k], x[2 * k]);
            assertEquals(2 * i[k] + 1, x[2 * k + 1]);
            orders[epoch][4 * b + k] = i[k];
          }
        }
      }
      assertFalse(Arrays.equals(orders[0], orders[1]));
      same.beginEpoch(2);
      same.beginEpoch(1);
      same.fill(1);
      assertArrayEquals(Arrays.copyOfRange(orders[1], 4, 8), step.input("i").toInts());
      assertThrows(IndexOutOfBoundsException.class, () -> batches.fill(3));
    }
  }

  @Test
  void anEvaluationCountsTheLastExamplesOnce() {
    try (Lathe lathe = Lathe.on("cpu");
        ModelState state = new ModelState(lathe, 1);
        BoundStep step = BoundStep.bind(copying(4), state)) {
      var means = new Evaluation(step, numbers(13)).run();
      assertEquals(6, means.get("i"), 1e-6);
      assertEquals(25, means.get("x"), 1e-6);
    }
  }

  @Test
  void whatDoesNotFitIsNamed() {
    try (Lathe lathe = Lathe.on("cpu");
        ModelState state = new ModelState(lathe, 1);
        BoundStep step = BoundStep.bind(copying(4), state)) {
      assertTrue(
          assertThrows(IllegalArgumentException.class, () -> new Batches(numbers(3), step, 1))
              .getMessage().contains("3 examples, fewer than one batch of 4"));
      Dataset wide = new Dataset("wide", List.of(new Column.Floats("x", Dims.of(3), new float[30])));
      assertTrue(
          assertThrows(IllegalArgumentException.class, () -> new Batches(wide, step, 1)).getMessage()
              .contains("'x' of wide"));
      Dataset other = new Dataset("other", List.of(new Column.Floats("z", Dims.of(3), new float[30])));
      assertThrows(IllegalArgumentException.class, () -> new Batches(other, step, 1));
    }
  }
}
