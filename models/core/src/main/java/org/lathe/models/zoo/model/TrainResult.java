package org.lathe.models.zoo.model;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * What a training of the zoo came to.
 *
 * @param metric what was measured, and the bar that it is held against
 * @param seconds of training
 * @param checkpoint the values that were measured
 */
public record TrainResult(
    String metric, double value, double bar, boolean passed, double seconds, @Nullable Path checkpoint) {}
