package org.lathe.models.zoo.model;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.lathe.models.train.EarlyStopping.Direction;

/**
 * What a model is, and what it has to reach.
 *
 * @param name as on the command line
 * @param metric on held-out data after training
 * @param direction which way the metric is better
 * @param bar the value to reach
 * @param data what it is trained on unless told otherwise
 */
public record Card(
    String name, String family, String paper, String metric, Direction direction, double bar, String data) {
  public TrainResult result(double value, double seconds, @Nullable Path checkpoint) {
    return new TrainResult(metric, value, bar, direction.reaches(value, bar), seconds, checkpoint);
  }
}
