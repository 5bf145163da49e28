package org.lathe.models.zoo.parts;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lathe.compiler.runtime.Lathe;
import org.lathe.hal.Dims;
import org.lathe.models.data.Column;
import org.lathe.models.data.Dataset;
import org.lathe.models.data.Shapes;
import org.lathe.models.train.TrainingListener;
import org.lathe.models.zoo.model.TrainRequest;
import org.lathe.models.zoo.parts.PictureJudge.Plan;
import org.lathe.models.zoo.parts.PictureJudge.Question;

class PictureJudgeTest {
  private static final int SIDE = 32;
  private static final int PICTURES = 1_300;
  private static final int HELD = 130;
  private static final Plan PLAN = new Plan(
      SIDE, List.of(new Question("large", 2), new Question("colour", 7)), PICTURES, 3);

  @TempDir
  private Path directory;

  /** Pictures, and whether the figure on each is a large one, which needs less training to be told than which it is. */
  private static Dataset shapes(int count, long seed) {
    Dataset made = Shapes.generate(count, Shapes.Options.of(SIDE), seed);
    float[] boxes = ((Column.Floats) made.column("box")).data();
    int[] large = new int[count];
    Arrays.setAll(large, i -> boxes[4 * i + 3] - boxes[4 * i + 1] > 0.44 ? 1 : 0);
    List<Column> columns = new ArrayList<>(made.columns());
    columns.add(new Column.Ints("large", Dims.of(), large));
    return new Dataset(made.name(), columns);
  }

  /** Far better than chance after a short training, and the same whatever pictures are judged together. */
  @Test
  void answersEachQuestionOfEachPicture() throws IOException {
    Dataset held = shapes(HELD, 8);
    try (Lathe lathe = Lathe.on("cpu")) {
      TrainRequest request = new TrainRequest(
          lathe, System.nanoTime(), null, null, directory, null, TrainingListener.NONE);
      try (PictureJudge judge = new PictureJudge(request, PLAN, shapes(PICTURES, 7))) {
        Map<String, Double> right = judge.accuracy(held);
        assertTrue(right.get("colour") > 0.6 && right.get("large") > 0.75, right + " with seed " + request.seed());

        float[] pixels = ((Column.Floats) held.column("image")).data();
        int[] all = judge.judge(pixels).get("colour");
        assertEquals(HELD, all.length);
        int size = 3 * SIDE * SIDE;
        int[] some = judge.judge(Arrays.copyOfRange(pixels, 97 * size, 110 * size)).get("colour");
        assertArrayEquals(Arrays.copyOfRange(all, 97, 110), some);
        assertThrows(IllegalArgumentException.class, () -> judge.judge(new float[size + 1]));
      }
      assertThrows(IllegalArgumentException.class, () -> new PictureJudge(request, PLAN, held).close());
    }
  }

  @Test
  void whatDoesNotFitIsRefused() {
    assertThrows(IllegalArgumentException.class, () -> new Plan(28, List.of(), 100, 1));
    assertThrows(IllegalArgumentException.class, () -> new Plan(32, List.of(), 10, 1));
    assertThrows(IllegalArgumentException.class, () -> PictureJudge.agreement(new int[2], new int[3]));
    assertThrows(IllegalArgumentException.class, () -> PictureJudge.agreement(new int[0], new int[0]));
    assertEquals(0.75, PictureJudge.agreement(new int[]{1, 2, 3, 4}, new int[]{1, 2, 0, 4}));
  }
}
