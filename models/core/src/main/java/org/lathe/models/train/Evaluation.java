package org.lathe.models.train;

import java.util.LinkedHashMap;
import java.util.Map;
import org.lathe.models.data.Dataset;

/**
 * Means of a step's per-example reports over a whole dataset, the last part of a batch included.
 */
public final class Evaluation {
  private final BoundStep step;
  private final Batches batches;
  private final int size;

  /**
   * @param step an inference whose reports have one value for each example of the batch
   */
  public Evaluation(BoundStep step, Dataset data) {
    this.step = step;
    this.batches = new Batches(data, step, 0);
    this.size = data.size();
  }

  /** The mean of each report. */
  public Map<String, Double> run() {
    Map<String, Double> sums = new LinkedHashMap<>();
    for (int first = 0; first < size; first += batches.batchSize()) {
      int valid = batches.fillInOrder(first);
      step.run();
      for (String report : step.graph().reports()) {
        double sum = 0;
        for (int i = 0; i < valid; i++) {
          sum += step.report(report).get(i);
        }
        sums.merge(report, sum, Double::sum);
      }
    }
    sums.replaceAll((name, sum) -> sum / size);
    return sums;
  }
}
