package org.lathe.models.zoo.parts;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.lathe.models.zoo.model.RequestException;

class GivenClassesTest {
  @Test
  void askedClassesFollowEachOther() {
    assertArrayEquals(new int[]{3, 3, 3}, GivenClasses.read("m", "class:3", GivenClasses.DIGITS, 3));
    assertArrayEquals(new int[]{3, 1, 3}, GivenClasses.read("m", "class:3, 1", GivenClasses.DIGITS, 3));
    assertArrayEquals(new int[]{0, 1, 0}, GivenClasses.read("m", null, List.of("star", "ring"), 3));
    assertArrayEquals(new int[]{1}, GivenClasses.read("m", "class:ring", List.of("star", "ring"), 1));
  }

  @Test
  void whatIsNoClassIsNamed() {
    for (String data : List.of("class:", "class:10", "class:3,", "csv:none", "3")) {
      String message = assertThrows(
          RequestException.class, () -> GivenClasses.read("m", data, GivenClasses.DIGITS, 2)).getMessage();
      assertTrue(message.contains(data) && message.contains("'m'"), message);
    }
  }
}
