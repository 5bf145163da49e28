package org.lathe.models.data;

import java.util.Arrays;
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

  /**
   * The examples of this column, and then those of {@code other}, under this name.
   *
   * @throws IllegalArgumentException if they are of another kind or shape
   */
  Column and(Column other);

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

    @Override
    public Column and(Column other) {
      if (!(other instanceof Floats(String n, Dims s, float[] more)) || !s.equals(shape)) {
        throw mismatch(this, other);
      }
      float[] all = Arrays.copyOf(data, data.length + more.length);
      System.arraycopy(more, 0, all, data.length, more.length);
      return new Floats(name, shape, all);
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

    @Override
    public Column and(Column other) {
      if (!(other instanceof Ints(String n, Dims s, int[] more)) || !s.equals(shape)) {
        throw mismatch(this, other);
      }
      int[] all = Arrays.copyOf(data, data.length + more.length);
      System.arraycopy(more, 0, all, data.length, more.length);
      return new Ints(name, shape, all);
    }
  }

  private static void check(String name, Dims shape, int length) {
    long width = shape.product();
    if (width <= 0 || length % width != 0) {
      throw new IllegalArgumentException(
          "column '" + name + "' of shape " + shape + " cannot hold " + length + " values");
    }
  }

  private static IllegalArgumentException mismatch(Column a, Column b) {
    return new IllegalArgumentException(
        "column '" + a.name() + "' of " + a.dtype() + a.shape() + " cannot be continued by '" + b.name() + "' of "
            + b.dtype() + b.shape());
  }

  private static int count(Dims shape, int length) {
    return Math.toIntExact(length / shape.product());
  }
}
