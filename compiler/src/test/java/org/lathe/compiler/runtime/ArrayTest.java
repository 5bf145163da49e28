package org.lathe.compiler.runtime;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.MemorySegment;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.lathe.compiler.ir.Literal;
import org.lathe.compiler.ir.TensorType;
import org.lathe.hal.DType;

class ArrayTest {
  private final CopyDevice device = new CopyDevice(true);
  private final Lathe lathe = Lathe.over(device);

  @AfterEach
  void close() {
    lathe.close();
    assertEquals(0, device.open.get());
  }

  @ParameterizedTest
  @EnumSource
  void everyTypeTakesAndGivesEveryJavaArray(DType dtype) {
    double[] values = dtype == DType.BOOL ? new double[]{0, 1, 1} : new double[]{3, 0, 100};
    TensorType type = TensorType.of(dtype, 3);
    try (Array a = lathe.array(dtype, values)) {
      check(a, values);
      a.write(new double[3]);
      check(a, new double[3]);
      a.write(new float[]{(float) values[0], (float) values[1], (float) values[2]});
      check(a, values);
      a.write(new double[3]);
      a.write(new int[]{(int) values[0], (int) values[1], (int) values[2]});
      check(a, values);
      a.write(new double[3]);
      a.write(new long[]{(long) values[0], (long) values[1], (long) values[2]});
      check(a, values);
      assertEquals(Literal.of(type, values), a.toLiteral());
      try (Array b = lathe.array(a.toLiteral()); Array c = a.copy()) {
        check(b, values);
        check(c, values);
      }
      MemorySegment raw = MemorySegment.ofArray(new byte[3 * dtype.bytes()]);
      a.read(raw);
      try (Array b = lathe.array(type, raw)) {
        check(b, values);
      }
    }
  }

  private static void check(Array a, double[] values) {
    assertArrayEquals(values, a.toDoubles());
    for (int i = 0; i < values.length; i++) {
      assertEquals((float) values[i], a.toFloats()[i]);
      assertEquals((int) values[i], a.toInts()[i]);
      assertEquals((long) values[i], a.toLongs()[i]);
      assertEquals(values[i], a.get(i));
    }
  }

  @Test
  void shapes() {
    assertEquals("f32[2,3]", lathe.array(new float[6], 2, 3).type().toString());
    assertEquals("f64[6]", lathe.array(new double[6]).type().toString());
    assertEquals("i64[1,1]", lathe.array(new long[1], 1, 1).type().toString());
    assertEquals("i32[0]", lathe.array(new int[0]).type().toString());
    assertEquals("f32[]", lathe.scalar(3).type().toString());
    assertEquals(3, lathe.array(new float[6], 2, 3).dim(-1));
    assertEquals(2.5, lathe.scalar(DType.BF16, 2.5).item());
    assertEquals(7, lathe.full(TensorType.of(DType.U8, 1, 1), 7).item());
    assertEquals(Long.MAX_VALUE, lathe.array(new long[]{Long.MAX_VALUE}).toLongs()[0]);
  }

  @Test
  void lengthsThatDoNotFitSaySo() {
    Array a = lathe.array(new float[6], 2, 3);
    message("f32[2,3] has 6 elements, found 5", () -> lathe.array(new float[5], 2, 3));
    message("an array of f32[2,3] has 6 elements, found 7", () -> a.write(new float[7]));
    message("has 24 bytes, found a segment of 25", () -> a.read(MemorySegment.ofArray(new byte[25])));
    message("item() reads the only element", a::item);
    message("element 6 of f32[2,3]", () -> a.get(6));
    message("cannot take a literal of f32[3]", () -> a.write(Literal.splat(TensorType.of(DType.F32, 3), 0)));
    a.close();
    a.close();
    message("this array is closed", a::toFloats);
    assertEquals("f32[2,3] (closed)", a.toString());
  }

  private static void message(String expected, Runnable work) {
    String message = String.valueOf(assertThrows(RuntimeException.class, work::run).getMessage());
    assertTrue(message.contains(expected), message);
  }
}
