package org.lathe.models.data;

import java.util.List;

/**
 * Shifts and scales each element of a column to mean 0 and standard deviation 1 over the examples that it was fitted to.
 * An element that does not vary is only shifted. Immutable; any thread.
 *
 * @param column whose values it changes: of inputs, or of targets, whose predictions {@link #restore} brings back
 */
public record Standardizer(String column, double[] mean, double[] deviation) {
  /** Fits it to a dataset: the training set, so that nothing of the others is used. */
  public static Standardizer fit(Dataset data, String column) {
    Column.Floats c = floats(data, column);
    int width = Math.toIntExact(c.shape().product());
    double[] mean = new double[width];
    double[] deviation = new double[width];
    for (int i = 0; i < c.data().length; i++) {
      mean[i % width] += c.data()[i] / (double) c.size();
    }
    for (int i = 0; i < c.data().length; i++) {
      double d = c.data()[i] - mean[i % width];
      deviation[i % width] += d * d / c.size();
    }
    for (int k = 0; k < width; k++) {
      deviation[k] = deviation[k] == 0 ? 1 : Math.sqrt(deviation[k]);
    }
    return new Standardizer(column, mean, deviation);
  }

  /** The same shift, and no scaling. */
  public Standardizer centring() {
    double[] ones = new double[mean.length];
    java.util.Arrays.fill(ones, 1);
    return new Standardizer(column, mean, ones);
  }

  /** The dataset with the column's values standardised. */
  public Dataset apply(Dataset data) {
    Column.Floats c = floats(data, column);
    checkWidth(c.shape().product());
    float[] out = new float[c.data().length];
    for (int i = 0; i < out.length; i++) {
      int k = i % mean.length;
      out[i] = (float) ((c.data()[i] - mean[k]) / deviation[k]);
    }
    Column standard = new Column.Floats(column, c.shape(), out);
    List<Column> columns = data.columns().stream().map(x -> x.name().equals(column) ? standard : x).toList();
    return new Dataset(data.name(), columns);
  }

  /** Standardised values, example after example, in their first units again. */
  public float[] restore(float[] standardised) {
    checkWidth(standardised.length % mean.length == 0 ? mean.length : standardised.length);
    float[] out = new float[standardised.length];
    for (int i = 0; i < out.length; i++) {
      int k = i % mean.length;
      out[i] = (float) (standardised[i] * deviation[k] + mean[k]);
    }
    return out;
  }

  private void checkWidth(long width) {
    if (width != mean.length) {
      throw new IllegalArgumentException(
          "column '" + column + "' has " + width + " values for each example, the standardizer was fitted to "
              + mean.length);
    }
  }

  private static Column.Floats floats(Dataset data, String column) {
    if (data.column(column) instanceof Column.Floats f) {
      return f;
    }
    throw new IllegalArgumentException(
        "column '" + column + "' of " + data.name() + " holds integers, not real values");
  }
}
