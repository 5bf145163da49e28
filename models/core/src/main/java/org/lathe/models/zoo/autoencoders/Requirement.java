package org.lathe.models.zoo.autoencoders;

import java.util.List;
import org.lathe.models.train.EarlyStopping.Direction;
import org.lathe.models.zoo.model.TrainResult;

/** What a model has to reach beside the bar on its card. */
record Requirement(String metric, Direction direction, double value, double bar) {
  /** The result, or in its place the first requirement that is not met. */
  static TrainResult all(TrainResult result, List<Requirement> requirements) {
    if (result.passed()) {
      for (Requirement r : requirements) {
        if (!r.direction().reaches(r.value(), r.bar())) {
          return new TrainResult(r.metric(), r.value(), r.bar(), false, result.seconds(), result.checkpoint());
        }
      }
    }
    return result;
  }
}
