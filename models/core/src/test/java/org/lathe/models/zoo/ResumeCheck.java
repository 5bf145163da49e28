package org.lathe.models.zoo;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.lathe.compiler.runtime.Lathe;
import org.lathe.models.train.Safetensors;
import org.lathe.models.train.Trainer;
import org.lathe.models.train.TrainingListener;
import org.lathe.models.zoo.model.TrainRequest;
import org.lathe.models.zoo.model.ZooModel;

/** Ends a model's training at some iteration, as by a kill, resumes it, and compares it with a training that ran through. */
public final class ResumeCheck {
  private ResumeCheck() {}

  private static final class Ended extends RuntimeException {
    private static final long serialVersionUID = 1;
  }

  /**
   * @param epochs of the whole training
   * @param endAt after which iteration it ends; past the first epoch, so that there is a checkpoint to go on from
   */
  public static void check(ZooModel model, Lathe lathe, Path directory, int epochs, long endAt) throws IOException {
    Path straight = directory.resolve("straight");
    Path stopped = directory.resolve("stopped");
    model.train(new TrainRequest(lathe, 3, epochs, null, straight, null, TrainingListener.NONE));
    TrainingListener ending = new TrainingListener() {
      private long done;

      @Override
      public void iterated(long all, double loss) {
        if (++done == endAt) {
          throw new Ended();
        }
      }
    };
    assertThrows(
        Ended.class, () -> model.train(new TrainRequest(lathe, 3, epochs, null, stopped, null, ending)),
        model.name() + " ran through before iteration " + endAt);
    model.train(new TrainRequest(lathe, 3, epochs, null, stopped, stopped, TrainingListener.NONE));
    List<Path> files;
    try (Stream<Path> all = Files.walk(straight)) {
      files = all.filter(f -> f.endsWith(Trainer.LATEST)).toList();
    }
    assertTrue(!files.isEmpty(), "no checkpoint");
    for (Path file : files) {
      assertSameTensors(file, stopped.resolve(straight.relativize(file)));
    }
  }

  private static void assertSameTensors(Path expected, Path found) throws IOException {
    try (Safetensors a = Safetensors.open(expected); Safetensors b = Safetensors.open(found)) {
      assertEquals(a.entries().keySet(), b.entries().keySet());
      for (String name : a.entries().keySet()) {
        assertArrayEquals(
            a.read(name).toArray(ValueLayout.JAVA_BYTE), b.read(name).toArray(ValueLayout.JAVA_BYTE),
            found + ": " + name);
      }
    }
  }
}
