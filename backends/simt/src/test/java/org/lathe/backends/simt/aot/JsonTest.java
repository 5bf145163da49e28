package org.lathe.backends.simt.aot;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class JsonTest {
  @Test
  void whatIsPrintedIsRead() throws Json.SyntaxException {
    Map<String, Object> value = Map.of(
        "text", "a \"quoted\" back\\slash,\nline, tab\t, bell\u0007, pi \u03c0",
        "empty", "",
        "numbers", List.of(0L, -1L, Long.MIN_VALUE, 1.5, 1e300),
        "nothing", List.of(),
        "no fields", Map.of(),
        "truth", List.of(true, false),
        "nested", List.of(Map.of("a", List.of(List.of(1L)))));
    assertEquals(value, Json.parse(Json.print(value)));
  }

  @Test
  void allEscapesAndSpacesAreRead() throws Json.SyntaxException {
    assertEquals(
        Map.of("a", List.of("\"\\/\b\f\n\r\tA", 12L, -0.5, 1e3)),
        Json.parse(" {\t\"a\" :\r\n[ \"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0041\" , 12,-0.5,1e3 ] } "));
    assertNull(Json.parse("null"));
    assertEquals(9.3e18, Json.parse("9300000000000000000"));
  }

  @Test
  void whatIsNoNumberIsNull() throws Json.SyntaxException {
    assertEquals("[\n  null\n]\n", Json.print(List.of(Double.NaN)));
  }

  @Test
  void whatIsNoJsonIsRefused() {
    for (String text : List.of(
        "", "{", "[", "[1", "[1,", "[1,]", "{\"a\"}", "{\"a\":}", "{a:1}", "{\"a\":1,}", "01", "1.", ".5", "+1", "-",
        "1e",
        "nul", "tru", "\"", "\"\\x\"", "\"\\u12\"", "\"a\nb\"", "1 2", "[1]]", "NaN")) {
      assertThrows(Json.SyntaxException.class, () -> Json.parse(text), text);
    }
    assertThrows(Json.SyntaxException.class, () -> Json.parse("[".repeat(100_000)));
  }
}
