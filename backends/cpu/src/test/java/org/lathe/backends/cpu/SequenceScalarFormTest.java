package org.lathe.backends.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.lathe.hal.DType;
import org.lathe.hal.Dims;
import org.lathe.hal.spec.Attention;
import org.lathe.hal.spec.KernelSpec;
import org.lathe.hal.spec.Recurrence;
import org.lathe.hal.spec.View;

/** Runs sequence kernels in a JVM without the Vector API, and compares f32 with f64. */
class SequenceScalarFormTest {
  @Test
  void runsWithoutTheVectorModule() throws IOException, InterruptedException {
    Process process = new ProcessBuilder(
        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
        "--enable-native-access=ALL-UNNAMED",
        "-XX:TieredStopAtLevel=1",
        "-cp",
        System.getProperty("java.class.path"),
        Child.class.getName())
        .redirectErrorStream(true)
        .start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertEquals(0, process.waitFor(), output);
  }

  /** The program of the other JVM. */
  static final class Child {
    private Child() {}

    public static void main(String[] arguments) {
      if (Simd.PRESENT) {
        throw new AssertionError("this JVM has the Vector API");
      }
      for (Recurrence.Cell cell : Recurrence.Cell.values()) {
        for (Recurrence.Form form : Recurrence.Form.values()) {
          compare(
              new Recurrence(cell, form, DType.F32, 3, 5, 19, false),
              new Recurrence(cell, form, DType.F64, 3, 5, 19, false));
        }
      }
      for (Attention.Form form : Attention.Form.values()) {
        compare(attention(form, DType.F32), attention(form, DType.F64));
      }
    }

    private static Attention attention(Attention.Form form, DType dtype) {
      View view = View.dense(dtype, Dims.of(1, 2, 70, 9));
      return new Attention(form, 1, 2, 70, 70, 9, 9, true, 0.3, view, view, view, null, view);
    }

    private static void compare(KernelSpec narrow, KernelSpec wide) {
      double[][] inputs = new double[narrow.inputs().size()][];
      for (int i = 0; i < inputs.length; i++) {
        inputs[i] = SequenceRun.random(new Random(i), narrow.inputs().get(i).elements(), 0.7);
      }
      double[][] expected = SequenceRun.outputs(wide, 1, inputs);
      double[][] found = SequenceRun.outputs(narrow, 2, inputs);
      for (int i = 0; i < found.length; i++) {
        SequenceRun.close(narrow + " output " + i, expected[i], found[i], 1e-5);
      }
    }
  }
}
