package org.lathe.models.zoo.parts;

import java.awt.Color;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;
import java.util.function.IntFunction;
import org.lathe.compiler.op.Tensor;
import org.lathe.models.data.Column;
import org.lathe.models.data.Dataset;
import org.lathe.models.nn.Module;
import org.lathe.models.train.Batches;
import org.lathe.models.train.BoundStep;
import org.lathe.models.train.ModelState;
import org.lathe.models.train.Step;
import org.lathe.models.zoo.model.RunRequest;

/** What a trained classifier takes pictures for. */
public final class PicturePredictions {
  private static final int COLUMNS = 12;

  private PicturePredictions() {}

  /**
   * The step that predicts.
   *
   * @param probabilities from [batch, channels, side, side] to [batch, classes]
   */
  public static Step step(Module model, Pictures pictures, long batch, Function<Tensor, Tensor> probabilities) {
    return Step.inference(
        "run",
        model,
        List.of(pictures.field(batch)),
        c -> c.report("probabilities", probabilities.apply(c.input("image"))));
  }

  /** Called with each example's label, and the class that is most probable. */
  @FunctionalInterface
  public interface Visitor {
    void at(int index, int label, int predicted, float probability);
  }

  /** Predicts all of {@code data}, columns {@code image} and {@code label}, in order. */
  public static void each(BoundStep predict, Dataset data, Visitor visitor) {
    int[] labels = ((Column.Ints) data.column("label")).data();
    Batches batches = new Batches(data, predict, 0);
    for (int first = 0; first < data.size(); first += batches.batchSize()) {
      int valid = batches.fillInOrder(first);
      predict.run();
      float[] probabilities = predict.report("probabilities").toFloats();
      int classes = probabilities.length / batches.batchSize();
      for (int i = 0; i < valid; i++) {
        int best = best(probabilities, i * classes, classes);
        visitor.at(first + i, labels[first + i], best, probabilities[i * classes + best]);
      }
    }
  }

  /**
   * Predicts all of {@code test} and writes {@code confusion.txt}, and {@code predictions.png}: a row for each class of test pictures that were taken for it,
   * those wrongly in a red frame.
   */
  public static void write(Path directory, BoundStep predict, Dataset test, List<String> classes) throws IOException {
    ConfusionMatrix matrix = new ConfusionMatrix(classes);
    Column.Floats image = (Column.Floats) test.column("image");
    int size = Math.toIntExact(image.shape().product());
    float[] pixels = new float[classes.size() * COLUMNS * size];
    boolean[] wrong = new boolean[classes.size() * COLUMNS];
    int[] found = new int[classes.size()];
    each(
        predict,
        test,
        (index, label, predicted, probability) -> {
          matrix.add(label, predicted);
          if (found[predicted] < COLUMNS) {
            int cell = predicted * COLUMNS + found[predicted]++;
            System.arraycopy(image.data(), index * size, pixels, cell * size, size);
            wrong[cell] = label != predicted;
          }
        });
    matrix.write(directory.resolve("confusion.txt"));
    PictureGrid.write(
        directory.resolve("predictions.png"), pixels, (int) image.shape().get(0), (int) image.shape().get(1), COLUMNS,
        (g, i, cell) -> {
          if (wrong[i]) {
            g.setColor(Color.RED);
            g.drawRect(1, 1, cell - 2, cell - 2);
          }
        });
  }

  /** Tells the class of pictures that no training has seen, and gives the accuracy. */
  private static Map<String, Double> show(BoundStep predict, Pictures.Labelled pictures, RunRequest request) {
    List<String> names = pictures.classes();
    ConfusionMatrix matrix = new ConfusionMatrix(names);
    each(
        predict,
        pictures.data().test(),
        (index, label, predicted, probability) -> {
          matrix.add(label, predicted);
          request.found(
              "prediction",
              String.format(
                  Locale.ROOT, "picture %d: %s, predicted %s with probability %.3f", index, names.get(label),
                  names.get(predicted), probability),
              "index", index, "label", label, "predicted", predicted, "probability", probability);
        });
    return Map.of("accuracy", matrix.accuracy());
  }

  /**
   * {@link #show} with the parameters of the request's checkpoint.
   *
   * @param model its name in the checkpoint
   * @param batch at most so many are predicted at a time
   * @param predicting {@link #step} of a batch
   */
  public static Map<String, Double> run(
      String model, RunRequest request, Pictures.Labelled pictures, int batch, IntFunction<Step> predicting)
      throws IOException {
    Step step = predicting.apply(Math.min(pictures.data().test().size(), batch));
    try (ModelState state = request.parameters(model, step); BoundStep predict = BoundStep.bind(step, state)) {
      return show(predict, pictures, request);
    }
  }

  private static int best(float[] probabilities, int from, int classes) {
    int best = 0;
    for (int k = 1; k < classes; k++) {
      best = probabilities[from + k] > probabilities[from + best] ? k : best;
    }
    return best;
  }
}
