package org.lathe.hal;

import java.util.Arrays;
import java.util.function.LongUnaryOperator;

/** An immutable list of longs: a shape, the strides of an access, a list of axes. Prints as {@code [2,3]}. */
public final class Dims {
  private static final Dims EMPTY = new Dims(new long[0]);
  private final long[] values;

  private Dims(long[] values) {
    this.values = values;
  }

  public static Dims of(long... values) {
    return values.length == 0 ? EMPTY : new Dims(values.clone());
  }

  /** A list of {@code rank} equal values. */
  public static Dims filled(int rank, long value) {
    long[] v = new long[rank];
    Arrays.fill(v, value);
    return new Dims(v);
  }

  public int rank() {
    return values.length;
  }

  public long get(int i) {
    return values[i];
  }

  /** The value at {@code i} counted from the end: {@code last(0)} is the last. */
  public long last(int i) {
    return values[values.length - 1 - i];
  }

  /** The product of all values, 1 when empty: as a shape, its number of elements. */
  public long product() {
    if (contains(0)) {
      return 0;
    }
    long p = 1;
    for (long v : values) {
      p = Math.multiplyExact(p, v);
    }
    return p;
  }

  /** As a shape: the strides, in elements, of its dense row-major layout. */
  public Dims rowMajorStrides() {
    long[] s = new long[values.length];
    long step = 1;
    for (int i = values.length - 1; i >= 0; i--) {
      s[i] = step;
      step = Math.multiplyExact(step, values[i]);
    }
    return new Dims(s);
  }

  public boolean contains(long value) {
    for (long v : values) {
      if (v == value) {
        return true;
      }
    }
    return false;
  }

  public Dims with(int i, long value) {
    long[] v = values.clone();
    v[i] = value;
    return new Dims(v);
  }

  public Dims insert(int at, long value) {
    long[] v = new long[values.length + 1];
    System.arraycopy(values, 0, v, 0, at);
    v[at] = value;
    System.arraycopy(values, at, v, at + 1, values.length - at);
    return new Dims(v);
  }

  public Dims remove(int at) {
    long[] v = new long[values.length - 1];
    System.arraycopy(values, 0, v, 0, at);
    System.arraycopy(values, at + 1, v, at, v.length - at);
    return new Dims(v);
  }

  public Dims append(Dims tail) {
    long[] v = Arrays.copyOf(values, values.length + tail.values.length);
    System.arraycopy(tail.values, 0, v, values.length, tail.values.length);
    return new Dims(v);
  }

  /** The values from {@code from} (inclusive) to {@code to} (exclusive). */
  public Dims slice(int from, int to) {
    return new Dims(Arrays.copyOfRange(values, from, to));
  }

  public Dims map(LongUnaryOperator f) {
    return new Dims(Arrays.stream(values).map(f).toArray());
  }

  public long[] toArray() {
    return values.clone();
  }

  @Override
  public boolean equals(Object o) {
    return o instanceof Dims d && Arrays.equals(values, d.values);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(values);
  }

  @Override
  public String toString() {
    StringBuilder s = new StringBuilder("[");
    for (int i = 0; i < values.length; i++) {
      s.append(i == 0 ? "" : ",").append(values[i]);
    }
    return s.append(']').toString();
  }

  /** The inverse of {@link #toString}. */
  public static Dims parse(String text) {
    String body = text.strip();
    if (!body.startsWith("[") || !body.endsWith("]")) {
      throw new IllegalArgumentException("expected [a,b,...], found '" + text + "'");
    }
    body = body.substring(1, body.length() - 1).strip();
    if (body.isEmpty()) {
      return EMPTY;
    }
    return new Dims(Arrays.stream(body.split(",", -1)).map(String::strip).mapToLong(Long::parseLong).toArray());
  }
}
