package org.lathe.models.data;

import org.lathe.hal.DType;
import org.lathe.hal.Dims;

/**
 * One field of every example of a {@link Dataset}, dense in host memory. The array belongs to the column and is not
 * changed.
 */
public sealed interface Column {
  String name();

  /** The shape of one example's value, without the example axis. */
  Dims shape();

  DType dtype();

  /** The number of examples. */
  int size();

  /** The examples at {@code indices}, in that order. */
  Column select(int[] indices);

  /** Real values. */
  record Floats(String name, Dims shape, float[] data) implements Column {
    public Floats {
      check(name, shape, data.length);
    }

    @Override
    public DType dtype() {
      return DType.F32;
    }

    @Override
    public int size() {
      return count(shape, data.length);
    }

    @Override
    public Column select(int[] indices) {
      int width = Math.toIntExact(shape.product());
      float[] out = new float[indices.length * width];
      for (int i = 0; i < indices.length; i++) {
        System.arraycopy(data, indices[i] * width, out, i * width, width);
      }
      return new Floats(name, shape, out);
    }
  }

  /** Class labels, token numbers, masks. */
  record Ints(String name, Dims shape, int[] data) implements Column {
    public Ints {
      check(name, shape, data.length);
    }

    @Override
    public DType dtype() {
      return DType.I32;
    }

    @Override
    public int size() {
      return count(shape, data.length);
    }

    @Override
    public Column select(int[] indices) {
      int width = Math.toIntExact(shape.product());
      int[] out = new int[indices.length * width];
      for (int i = 0; i < indices.length; i++) {
        System.arraycopy(data, indices[i] * width, out, i * width, width);
      }
      return new Ints(name, shape, out);
    }
  }

  private static void check(String name, Dims shape, int length) {
    long width = shape.product();
    if (width <= 0 || length % width != 0) {
      throw new IllegalArgumentException(
          "column '" + name + "' of shape " + shape + " cannot hold " + length + " values");
    }
  }

  private static int count(Dims shape, int length) {
    return Math.toIntExact(length / shape.product());
  }
}
