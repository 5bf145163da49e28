package org.lathe.hal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;

class DimsTest {
  @Test
  void itIsAList() {
    long[] given = {2, 3, 5};
    Dims d = Dims.of(given);
    given[0] = 9;
    d.toArray()[1] = 9;
    assertEquals(Dims.of(2, 3, 5), d);
    assertEquals(Dims.of(2, 3, 5).hashCode(), d.hashCode());
    assertNotEquals(Dims.of(2, 3), d);
    assertEquals(3, d.rank());
    assertEquals(3, d.get(1));
    assertEquals(5, d.last(0));
    assertEquals(2, d.last(2));
    assertTrue(d.contains(5) && !d.contains(4));
    assertEquals(Dims.of(2, 7, 5), d.with(1, 7));
    assertEquals(Dims.of(7, 2, 3, 5), d.insert(0, 7));
    assertEquals(Dims.of(2, 3, 5, 7), d.insert(3, 7));
    assertEquals(Dims.of(2, 5), d.remove(1));
    assertEquals(Dims.of(2, 3, 5, 7), d.append(Dims.of(7)));
    assertEquals(d, d.append(Dims.of()));
    assertEquals(Dims.of(3, 5), d.slice(1, 3));
    assertEquals(Dims.of(4, 6, 10), d.map(n -> 2 * n));
    assertEquals(Dims.of(4, 4), Dims.filled(2, 4));
  }

  @Test
  void asAShapeItHasElementsAndStrides() {
    assertEquals(30, Dims.of(2, 3, 5).product());
    assertEquals(1, Dims.of().product());
    assertEquals(0, Dims.of(1L << 40, 1L << 40, 0).product());
    assertThrows(ArithmeticException.class, () -> Dims.of(1L << 40, 1L << 40).product());
    assertEquals(Dims.of(15, 5, 1), Dims.of(2, 3, 5).rowMajorStrides());
    assertEquals(Dims.of(), Dims.of().rowMajorStrides());
  }

  @Test
  void itsTextParsesBack() {
    for (Dims d : List.of(Dims.of(), Dims.of(0), Dims.of(-3, Long.MAX_VALUE, Long.MIN_VALUE))) {
      assertEquals(d, Dims.parse(d.toString()));
    }
    assertEquals(Dims.of(2, 3), Dims.parse(" [ 2 , 3 ] "));
    assertEquals("[2,3]", Dims.of(2, 3).toString());
    for (String bad : List.of("", "2,3", "[2", "[a]", "[2,]", "[,]", "[2,,3]")) {
      assertThrows(IllegalArgumentException.class, () -> Dims.parse(bad), bad);
    }
    for (DType t : DType.values()) {
      assertEquals(t, DType.parse(t.toString()));
    }
    assertThrows(IllegalArgumentException.class, () -> DType.parse("F32"));
  }
}
