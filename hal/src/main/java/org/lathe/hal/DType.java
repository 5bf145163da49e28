package org.lathe.hal;

import java.util.Locale;

/** The element types of buffers and expressions. All are stored little-endian, densely. */
public enum DType {
  F32(4), F64(8),
  /** IEEE binary16. A storage type: arithmetic is done in f32 and rounded when stored. */
  F16(2),
  /** bfloat16. A storage type: arithmetic is done in f32 and rounded when stored. */
  BF16(2), I32(4), I64(8), U8(1),
  /** One byte, 0 or 1. */
  BOOL(1);

  private final int bytes;

  DType(int bytes) {
    this.bytes = bytes;
  }

  /** Size of one element in bytes. */
  public int bytes() {
    return bytes;
  }

  public boolean isFloating() {
    return this == F32 || this == F64 || this == F16 || this == BF16;
  }

  public boolean isInteger() {
    return this == I32 || this == I64 || this == U8;
  }

  /** The type in which arithmetic on this type is carried out: f32 for the half types, itself otherwise. */
  public DType compute() {
    return this == F16 || this == BF16 ? F32 : this;
  }

  /** The name used in every printed form, such as {@code f32}. */
  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** The inverse of {@link #toString}. */
  public static DType parse(String name) {
    for (DType type : values()) {
      if (type.toString().equals(name)) {
        return type;
      }
    }
    throw new IllegalArgumentException("no dtype is named '" + name + "'");
  }
}
