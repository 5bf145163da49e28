package org.lathe.compiler.runtime;

import java.lang.foreign.MemorySegment;
import java.lang.ref.Cleaner;
import java.util.Arrays;
import org.lathe.compiler.ir.Literal;
import org.lathe.compiler.ir.LiteralBytes;
import org.lathe.compiler.ir.TensorType;
import org.lathe.hal.DType;
import org.lathe.hal.Dims;
import org.lathe.hal.device.Buffer;
import org.lathe.hal.device.BufferSlice;

/**
 * A dense array on a device: elements in row-major order.
 *
 * <p>Ownership: whoever made it, or received it from a call, closes it; the device's memory is then used again. One that
 * is forgotten is cleaned some time after it became unreachable, and counted by {@link Lathe#leakedArrays}. Closing
 * {@link Lathe} closes all of its arrays.
 *
 * <p>Threads: any thread may read it, and any number of calls may take it as an input at once. Writing, closing, and
 * donating it are the caller's to order against other uses; closing it in the middle of a run is refused.
 *
 * <p>Errors: any use after {@link #close}, or after it was donated to a call, raises {@link IllegalStateException}.
 */
public final class Array implements AutoCloseable {
  private final Lathe lathe;
  private final TensorType type;
  private final ArrayMemory memory;
  private final Cleaner.Cleanable cleanable;

  Array(Lathe lathe, TensorType type, Buffer buffer) {
    this.lathe = lathe;
    this.type = type;
    this.memory = new ArrayMemory(lathe.arrays(), buffer);
    this.cleanable = lathe.arrays().register(this, memory);
  }

  /** Where it lives. */
  public Lathe lathe() {
    return lathe;
  }

  public TensorType type() {
    return type;
  }

  public DType dtype() {
    return type.dtype();
  }

  public Dims shape() {
    return type.shape();
  }

  public int rank() {
    return type.rank();
  }

  /** The size of dimension {@code d}, which counts from the end if it is negative. */
  public long dim(int d) {
    return type.dim(d < 0 ? d + rank() : d);
  }

  /** Number of elements. */
  public long size() {
    return type.size();
  }

  public boolean isClosed() {
    return memory.isClosed();
  }

  /** A copy of the elements, converted to float. */
  public float[] toFloats() {
    float[] out = new float[length()];
    if (dtype() == DType.F32) {
      read(MemorySegment.ofArray(out));
    } else {
      double[] wide = toDoubles();
      for (int i = 0; i < out.length; i++) {
        out[i] = (float) wide[i];
      }
    }
    return out;
  }

  /** A copy of the elements, converted to double; i64 beyond 2^53 is rounded. */
  public double[] toDoubles() {
    double[] out = new double[length()];
    if (dtype() == DType.F64) {
      read(MemorySegment.ofArray(out));
    } else {
      MemorySegment raw = bytes();
      for (int i = 0; i < out.length; i++) {
        out[i] = LiteralBytes.get(raw, dtype(), i);
      }
    }
    return out;
  }

  /** A copy of the elements, converted to int as Java casts. */
  public int[] toInts() {
    int[] out = new int[length()];
    if (dtype() == DType.I32) {
      read(MemorySegment.ofArray(out));
    } else if (dtype() == DType.I64) {
      long[] wide = toLongs();
      for (int i = 0; i < out.length; i++) {
        out[i] = (int) wide[i];
      }
    } else {
      MemorySegment raw = bytes();
      for (int i = 0; i < out.length; i++) {
        out[i] = (int) LiteralBytes.get(raw, dtype(), i);
      }
    }
    return out;
  }

  /** A copy of the elements, converted to long as Java casts. */
  public long[] toLongs() {
    long[] out = new long[length()];
    if (dtype() == DType.I64) {
      read(MemorySegment.ofArray(out));
    } else {
      MemorySegment raw = bytes();
      for (int i = 0; i < out.length; i++) {
        out[i] = (long) LiteralBytes.get(raw, dtype(), i);
      }
    }
    return out;
  }

  /** A copy of the elements as they are compared with the oracle. */
  public Literal toLiteral() {
    return Literal.adopt(type, toDoubles());
  }

  /**
   * The only element.
   *
   * @throws IllegalStateException if there are more, or none
   */
  public double item() {
    if (size() != 1) {
      throw new IllegalStateException(
          "item() reads the only element, but " + type + " has " + size() + "; use toDoubles()");
    }
    return get(0);
  }

  /** Element {@code i} in row-major order. On a device with memory of its own this is a transfer. */
  public double get(long i) {
    if (i < 0 || i >= size()) {
      throw new IndexOutOfBoundsException("element " + i + " of " + type);
    }
    Buffer buffer = memory.use();
    try {
      MemorySegment host = buffer.host();
      if (host != null) {
        return LiteralBytes.get(host, dtype(), i);
      }
      MemorySegment one = MemorySegment.ofArray(new byte[dtype().bytes()]);
      buffer.read(i * dtype().bytes(), one);
      return LiteralBytes.get(one, dtype(), 0);
    } finally {
      memory.unuse();
    }
  }

  /** Replaces all elements, converting to the array's type. */
  public void write(float[] data) {
    checkLength(data.length);
    if (dtype() == DType.F32) {
      write(MemorySegment.ofArray(data));
    } else {
      double[] wide = new double[data.length];
      for (int i = 0; i < data.length; i++) {
        wide[i] = data[i];
      }
      write(wide);
    }
  }

  /** Replaces all elements, converting to the array's type: rounded to nearest even, integers as Java casts. */
  public void write(double[] data) {
    checkLength(data.length);
    if (dtype() == DType.F64) {
      write(MemorySegment.ofArray(data));
    } else {
      byte[] raw = new byte[Math.toIntExact(type.bytes())];
      MemorySegment segment = MemorySegment.ofArray(raw);
      for (int i = 0; i < data.length; i++) {
        LiteralBytes.set(segment, dtype(), i, data[i]);
      }
      write(segment);
    }
  }

  /** Replaces all elements, converting to the array's type. */
  public void write(int[] data) {
    checkLength(data.length);
    if (dtype() == DType.I32) {
      write(MemorySegment.ofArray(data));
    } else {
      write(Arrays.stream(data).asDoubleStream().toArray());
    }
  }

  /** Replaces all elements, converting to the array's type; values beyond 2^53 are exact only in an i64 array. */
  public void write(long[] data) {
    checkLength(data.length);
    if (dtype() == DType.I64) {
      write(MemorySegment.ofArray(data));
    } else {
      write(Arrays.stream(data).asDoubleStream().toArray());
    }
  }

  /** Replaces all elements with those of {@code value}, which has this array's type. */
  public void write(Literal value) {
    if (!value.type().equals(type)) {
      throw new IllegalArgumentException("an array of " + type + " cannot take a literal of " + value.type());
    }
    write(MemorySegment.ofArray(LiteralBytes.encode(value)));
  }

  /** Replaces the contents with {@code source}: exactly the array's bytes, dense, little-endian. */
  public void write(MemorySegment source) {
    checkBytes(source);
    Buffer buffer = memory.use();
    try {
      if (type.bytes() > 0) {
        buffer.write(0, source);
      }
    } finally {
      memory.unuse();
    }
  }

  /** Copies the contents into {@code target}: exactly the array's bytes, dense, little-endian. */
  public void read(MemorySegment target) {
    checkBytes(target);
    Buffer buffer = memory.use();
    try {
      if (type.bytes() > 0) {
        buffer.read(0, target);
      }
    } finally {
      memory.unuse();
    }
  }

  /** A new array with the same elements. */
  public Array copy() {
    return lathe.array(type, bytes());
  }

  /**
   * Gives the memory back; a second call does nothing.
   *
   * @throws IllegalStateException while a run or a {@link BoundCall} uses it
   */
  @Override
  public void close() {
    if (memory.close()) {
      cleanable.clean();
    }
  }

  /** The array's memory, held open until {@link #unuse}. */
  BufferSlice use() {
    return new BufferSlice(memory.use(), 0, type.bytes());
  }

  void unuse() {
    memory.unuse();
  }

  /** The array's memory for a call that writes to it: nobody else may use it until the donation ends or is cancelled. */
  BufferSlice beginDonation() {
    return new BufferSlice(memory.beginDonation(), 0, type.bytes());
  }

  /** Takes the memory away; the array is then closed. */
  Buffer endDonation() {
    Buffer buffer = memory.endDonation();
    cleanable.clean();
    return buffer;
  }

  void cancelDonation() {
    memory.cancelDonation();
  }

  private MemorySegment bytes() {
    MemorySegment raw = MemorySegment.ofArray(new byte[Math.toIntExact(type.bytes())]);
    read(raw);
    return raw;
  }

  private int length() {
    return Math.toIntExact(size());
  }

  private void checkLength(int n) {
    if (n != size()) {
      throw new IllegalArgumentException("an array of " + type + " has " + size() + " elements, found " + n);
    }
  }

  private void checkBytes(MemorySegment segment) {
    if (segment.byteSize() != type.bytes()) {
      throw new IllegalArgumentException(
          "an array of " + type + " has " + type.bytes() + " bytes, found a segment of " + segment.byteSize());
    }
  }

  /** The type, and the elements of a small array. */
  @Override
  public String toString() {
    if (isClosed()) {
      return type + " (closed)";
    }
    return size() <= 16 ? type + " " + Arrays.toString(toDoubles()) : type.toString();
  }
}
