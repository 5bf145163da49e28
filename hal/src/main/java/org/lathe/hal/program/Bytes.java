package org.lathe.hal.program;

import java.util.Arrays;
import java.util.HexFormat;

/** Immutable bytes, compared by value. Prints as hexadecimal. */
public final class Bytes {
  private final byte[] data;

  private Bytes(byte[] data) {
    this.data = data;
  }

  /** A copy of {@code data}. */
  public static Bytes of(byte[] data) {
    return new Bytes(data.clone());
  }

  /** The inverse of {@link #toString}. */
  public static Bytes parse(String hex) {
    if (hex.length() % 2 != 0) {
      throw new IllegalArgumentException("bytes of " + hex.length() + " hexadecimal digits, which is odd");
    }
    return new Bytes(HexFormat.of().parseHex(hex));
  }

  public int length() {
    return data.length;
  }

  public byte[] toArray() {
    return data.clone();
  }

  @Override
  public boolean equals(Object o) {
    return o instanceof Bytes b && Arrays.equals(data, b.data);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(data);
  }

  @Override
  public String toString() {
    return HexFormat.of().formatHex(data);
  }
}
