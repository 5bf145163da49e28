package org.lathe.models.zoo.adversarial;

import java.util.Map;
import org.lathe.models.train.EarlyStopping.Direction;
import org.lathe.models.zoo.model.Card;
import org.lathe.models.zoo.model.TrainRequest;
import org.lathe.models.zoo.model.TrainResult;
import org.lathe.models.zoo.parts.DigitReview;

/**
 * Adversarial networks that are asked for a digit.
 *
 * <p>The bar is that a LeNet-5, trained on the same digits in the same run, reads the asked digit in at least 80% of the
 * samples. It passes only if none is a copy of a training picture.
 */
abstract class AskedDigitsModel extends DigitGanModel {
  static final int CLASSES = 10;
  /** What the one of a one-hot class counts, so that it is heard beside other numbers. */
  static final double LOUD = 4;

  private static final String METRIC = "asked_share";
  private static final double READ = 0.8;

  AskedDigitsModel(String name, String paper, Sizes sizes) {
    super(
        new Card(name, Adversarial.FAMILY, paper, METRIC, Direction.HIGHER, READ, "digits, or mnist:DIR"), sizes);
  }

  @Override
  final Map<String, Double> also(DigitReview review, float[] pixels, int[] asked) {
    return Map.of(METRIC, review.judge().agreement(pixels, asked));
  }

  @Override
  final TrainResult result(TrainRequest request, Trial trial) {
    if (trial.neighbours().copies() > 0) {
      return missed("copies", trial.neighbours().copies(), 0, trial);
    }
    double read = trial.review().judge().agreement(trial.pixels(), trial.asked());
    return card().result(read, trial.outcome().seconds(), trial.outcome().checkpoint());
  }
}
