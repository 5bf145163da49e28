package org.lathe.system.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import org.lathe.models.train.Safetensors;

/** Compares checkpoints. */
final class Checkpoints {
  private Checkpoints() {}

  /** Both hold the same tensors, bit for bit. */
  static void assertSameTensors(Path expected, Path found) throws IOException {
    try (Safetensors a = Safetensors.open(expected); Safetensors b = Safetensors.open(found)) {
      assertEquals(a.entries().keySet(), b.entries().keySet());
      for (String name : a.entries().keySet()) {
        assertArrayEquals(
            a.read(name).toArray(ValueLayout.JAVA_BYTE), b.read(name).toArray(ValueLayout.JAVA_BYTE),
            () -> found + ": " + name);
      }
    }
  }
}
