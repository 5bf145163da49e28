package org.lathe.models.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.lathe.hal.Dims;

class StandardizerTest {
  private final Dataset data = new Dataset(
      "data",
      List.of(
          new Column.Floats("x", Dims.of(2), new float[]{1, 7, 3, 7, 5, 7}),
          new Column.Ints("n", Dims.of(), new int[3])));

  private static float[] x(Dataset d) {
    return ((Column.Floats) d.column("x")).data();
  }

  @Test
  void meansAreZeroAndDeviationsOne() {
    Standardizer s = Standardizer.fit(data, "x");
    float deviation = (float) Math.sqrt(8.0 / 3);
    assertArrayEquals(new float[]{-2 / deviation, 0, 0, 0, 2 / deviation, 0}, x(s.apply(data)), 1e-6f);
    assertArrayEquals(x(data), s.restore(x(s.apply(data))), 1e-6f);
    assertArrayEquals(new float[]{-2, 0, 0, 0, 2, 0}, x(s.centring().apply(data)), 1e-6f);
    assertEquals(List.of("x", "n"), s.apply(data).columns().stream().map(Column::name).toList());
  }

  @Test
  void otherDataIsShiftedByTheSameMeans() {
    Dataset other = new Dataset("other", List.of(new Column.Floats("x", Dims.of(2), new float[]{3, 8})));
    assertArrayEquals(new float[]{0, 1}, x(Standardizer.fit(data, "x").apply(other)), 1e-6f);
  }

  @Test
  void whatDoesNotFitIsRefused() {
    assertThrows(IllegalArgumentException.class, () -> Standardizer.fit(data, "n"));
    Dataset narrow = new Dataset("narrow", List.of(new Column.Floats("x", Dims.of(), new float[3])));
    assertThrows(IllegalArgumentException.class, () -> Standardizer.fit(data, "x").apply(narrow));
    assertThrows(IllegalArgumentException.class, () -> Standardizer.fit(data, "x").restore(new float[3]));
  }
}
