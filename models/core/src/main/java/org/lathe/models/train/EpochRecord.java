package org.lathe.models.train;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * What was measured after one epoch.
 *
 * @param epoch from 0
 * @param loss the mean over the epoch's iterations
 * @param metrics on held-out data, by name
 * @param seconds since the training began, over all runs that it was resumed in
 */
public record EpochRecord(int epoch, double loss, Map<String, Double> metrics, double seconds) {
  public EpochRecord {
    metrics = Collections.unmodifiableMap(new LinkedHashMap<>(metrics));
  }
}
