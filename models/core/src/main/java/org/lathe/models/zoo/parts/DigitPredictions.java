package org.lathe.models.zoo.parts;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;
import org.lathe.compiler.op.Tensor;
import org.lathe.models.data.Column;
import org.lathe.models.data.Dataset;
import org.lathe.models.data.Digits;
import org.lathe.models.nn.Module;
import org.lathe.models.train.Batches;
import org.lathe.models.train.BoundStep;
import org.lathe.models.train.Field;
import org.lathe.models.train.Step;
import org.lathe.models.zoo.model.RunRequest;

/** What a trained classifier takes digits for. */
public final class DigitPredictions {
  private static final int CLASSES = 10;

  private DigitPredictions() {}

  /**
   * The step that predicts.
   *
   * @param probabilities from [batch, 1, 28, 28] to [batch, 10]
   */
  public static Step step(Module model, long batch, Function<Tensor, Tensor> probabilities) {
    return Step.inference(
        "run",
        model,
        List.of(Field.floats("image", batch, 1, Digits.SIDE, Digits.SIDE)),
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
      for (int i = 0; i < valid; i++) {
        int best = best(probabilities, i * CLASSES);
        visitor.at(first + i, labels[first + i], best, probabilities[i * CLASSES + best]);
      }
    }
  }

  /** How all of {@code data} is classified. */
  public static ConfusionMatrix confusion(BoundStep predict, Dataset data) {
    ConfusionMatrix matrix = ConfusionMatrix.ofDigits();
    each(predict, data, (index, label, predicted, probability) -> matrix.add(label, predicted));
    return matrix;
  }

  /** Tells the class of digits that no training has seen, and gives the accuracy. */
  public static Map<String, Double> show(BoundStep predict, Dataset data, RunRequest request) {
    ConfusionMatrix matrix = ConfusionMatrix.ofDigits();
    each(
        predict,
        data,
        (index, label, predicted, probability) -> {
          matrix.add(label, predicted);
          request.found(
              "prediction",
              String.format(
                  Locale.ROOT, "picture %d: a %d, predicted %d with probability %.3f", index, label, predicted,
                  probability),
              "index", index, "label", label, "predicted", predicted, "probability", probability);
        });
    return Map.of("accuracy", matrix.accuracy());
  }

  private static int best(float[] probabilities, int from) {
    int best = 0;
    for (int k = 1; k < CLASSES; k++) {
      best = probabilities[from + k] > probabilities[from + best] ? k : best;
    }
    return best;
  }
}
