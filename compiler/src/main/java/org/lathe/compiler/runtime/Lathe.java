package org.lathe.compiler.runtime;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import org.lathe.compiler.ir.Graph;
import org.lathe.compiler.ir.GraphVerifier;
import org.lathe.compiler.ir.Literal;
import org.lathe.compiler.ir.LiteralBytes;
import org.lathe.compiler.ir.TensorType;
import org.lathe.compiler.lower.Donation;
import org.lathe.compiler.lower.LoweredGraph;
import org.lathe.compiler.op.Tensor;
import org.lathe.hal.DType;
import org.lathe.hal.Dims;
import org.lathe.hal.device.Capabilities;
import org.lathe.hal.device.Device;
import org.lathe.hal.device.DeviceUnavailable;
import org.lathe.hal.device.Drivers;
import org.lathe.hal.device.Prepared;
import org.lathe.hal.program.Program;
import org.lathe.hal.validate.ValidatingDevice;

/**
 * A device, opened: makes arrays on it and compiles functions for it.
 *
 * {@snippet :
 * try (Lathe lathe = Lathe.best()) {
 *   Compiled f = lathe.compile((x, w, b) -> x.matmul(w).add(b).relu());
 *   Array y = f.call(x, w, b);
 * }
 * }
 *
 * <p>With the system property {@code lathe.validate=true}, or the variable {@code LATHE_VALIDATE=true}, every call to the
 * device is checked by {@link ValidatingDevice}: slow, and exact about misuse.
 *
 * <p>Any thread may use it. Closing it closes the device and everything made from it; no call may be under way then.
 */
public final class Lathe implements AutoCloseable {
  /** With this system property true, or the variable LATHE_VALIDATE, every call to the device is checked. */
  private static final String VALIDATE = "lathe.validate";

  /** How much memory of closed arrays is kept for the next ones, at most. */
  private static final long KEPT_BYTES = 256L << 20;

  private final Device device;
  private final Placement placement;
  private final ArrayRegistry arrays;
  private final Set<Compiled> compiled = ConcurrentHashMap.newKeySet();
  private volatile boolean closed;

  private Lathe(DeviceChoice chosen) {
    boolean validating = Boolean.getBoolean(VALIDATE) || "true".equals(System.getenv("LATHE_VALIDATE"));
    this.device = validating && !(chosen.device() instanceof ValidatingDevice)
        ? ValidatingDevice.wrap(chosen.device())
        : chosen.device();
    this.placement = chosen.placement();
    // A validating device checks lifetimes, which memory that is kept for the next array would hide.
    this.arrays = new ArrayRegistry(device.allocator(), device instanceof ValidatingDevice ? 0 : KEPT_BYTES);
  }

  /**
   * The fastest device of this machine, by this rule: a GPU before the {@code cpu} backend, that before other CPU devices
   * and those before accelerators; among equals the one with more compute units, then more memory. Never the {@code null}
   * backend, nor one {@linkplain org.lathe.hal.device.Driver#isIndirect in between}. {@link #placement} says what was
   * looked at.
   *
   * @throws DeviceUnavailable if no backend has a device
   */
  public static Lathe best() {
    return new Lathe(DeviceChoice.best(Drivers.installed()));
  }

  /**
   * The device of this name, and no other.
   *
   * @param device {@code backend} or {@code backend:index}, such as {@code cpu} or {@code opencl:0}
   * @throws DeviceUnavailable with the reason and a remedy
   */
  public static Lathe on(String device) {
    return withFallback(device);
  }

  /**
   * The first of these devices that is there.
   *
   * @throws DeviceUnavailable if none is
   */
  public static Lathe withFallback(String... devices) {
    return new Lathe(DeviceChoice.firstOf(Drivers.installed(), List.of(devices)));
  }

  /** Takes over an open device, which is closed with this. */
  public static Lathe over(Device device) {
    return new Lathe(DeviceChoice.given(device));
  }

  public Device device() {
    return device;
  }

  /** Which device was chosen and why. */
  public Placement placement() {
    return placement;
  }

  /** A function of one array. */
  @FunctionalInterface
  public interface Function1 {
    Tensor apply(Tensor a);
  }

  /** A function of two arrays. */
  @FunctionalInterface
  public interface Function2 {
    Tensor apply(Tensor a, Tensor b);
  }

  /** A function of three arrays. */
  @FunctionalInterface
  public interface Function3 {
    Tensor apply(Tensor a, Tensor b, Tensor c);
  }

  /** A function of four arrays. */
  @FunctionalInterface
  public interface Function4 {
    Tensor apply(Tensor a, Tensor b, Tensor c, Tensor d);
  }

  /** Compiles lazily: the function is traced at the first call, and again for each new tuple of input types. */
  public Compiled compile(Function1 function) {
    return compile(1, in -> function.apply(in.get(0)));
  }

  /** See {@link #compile(Function1)}. */
  public Compiled compile(Function2 function) {
    return compile(2, in -> function.apply(in.get(0), in.get(1)));
  }

  /** See {@link #compile(Function1)}. */
  public Compiled compile(Function3 function) {
    return compile(3, in -> function.apply(in.get(0), in.get(1), in.get(2)));
  }

  /** See {@link #compile(Function1)}. */
  public Compiled compile(Function4 function) {
    return compile(4, in -> function.apply(in.get(0), in.get(1), in.get(2), in.get(3)));
  }

  private Compiled compile(int arity, Function<List<Tensor>, Tensor> function) {
    return register(
        new Compiled(this, new Source.Traced("function", arity, in -> List.of(function.apply(in))),
            CompileOptions.DEFAULT));
  }

  /** A function of any number of arrays with any number of results. */
  public Compiled compile(String name, Function<List<Tensor>, List<Tensor>> function) {
    return compile(name, function, CompileOptions.DEFAULT);
  }

  /** A function of any number of arrays with any number of results. */
  public Compiled compile(String name, Function<List<Tensor>, List<Tensor>> function, CompileOptions options) {
    return register(new Compiled(this, new Source.Traced(name, -1, function), options));
  }

  /** A graph that is there already; it takes its own input types only. */
  public Compiled compile(Graph graph, List<Donation> donations) {
    return compile(graph, CompileOptions.DEFAULT.withDonations(donations));
  }

  /** A graph that is there already; it takes its own input types only, and has its own names. */
  public Compiled compile(Graph graph, CompileOptions options) {
    return register(new Compiled(this, new Source.Given(graph), options));
  }

  /**
   * Compiles several graphs at once, which devices whose compiler likes many kernels at a time do faster than one after the
   * other. If one of them fails, none is compiled.
   */
  public List<Compiled> compileAll(List<Graph> graphs) {
    List<Compiled> all = new ArrayList<>();
    try {
      List<Compiled.Lowered> lowered = new ArrayList<>();
      for (Graph graph : graphs) {
        Compiled c = compile(graph, CompileOptions.DEFAULT);
        all.add(c);
        lowered.add(c.lower(graph.inputTypes()));
      }
      long start = System.nanoTime();
      List<Prepared> prepared = device.prepareAll(lowered.stream().map(Compiled.Lowered::program).toList());
      long each = (System.nanoTime() - start) / Math.max(1, prepared.size());
      for (int i = 0; i < all.size(); i++) {
        all.get(i).complete(lowered.get(i), prepared.get(i), each);
      }
      return all;
    } catch (RuntimeException e) {
      all.forEach(Compiled::close);
      throw e;
    }
  }

  /**
   * The program of a graph for a device that is not there, to be compiled ahead of time. The same as a {@link Compiled} of
   * this graph would run.
   */
  public static Program program(Graph graph, Capabilities capabilities, List<Donation> donations) {
    return lower(graph, capabilities, CompileOptions.DEFAULT.withDonations(donations)).program();
  }

  /** As {@link #program}, with all that the compiler knows of it. */
  public static LoweredGraph lower(Graph graph, Capabilities capabilities, CompileOptions options) {
    GraphVerifier.verify(graph, "tracing");
    Graph optimised = Toolchain.STANDARD.optimise(graph, capabilities, options.observer());
    GraphVerifier.verify(optimised, "the passes");
    return Toolchain.STANDARD.lower(optimised, capabilities, options.donations());
  }

  Compiled register(Compiled c) {
    checkOpen();
    compiled.add(c);
    return c;
  }

  void forget(Compiled c) {
    compiled.remove(c);
  }

  /** An f32 array with a copy of {@code data}, in row-major order. Without a shape it has one dimension. */
  public Array array(float[] data, long... shape) {
    return array(typed(DType.F32, data.length, shape), MemorySegment.ofArray(data));
  }

  /** An f64 array with a copy of {@code data}, in row-major order. Without a shape it has one dimension. */
  public Array array(double[] data, long... shape) {
    return array(typed(DType.F64, data.length, shape), MemorySegment.ofArray(data));
  }

  /** An i32 array with a copy of {@code data}, in row-major order. Without a shape it has one dimension. */
  public Array array(int[] data, long... shape) {
    return array(typed(DType.I32, data.length, shape), MemorySegment.ofArray(data));
  }

  /** An i64 array with a copy of {@code data}, in row-major order. Without a shape it has one dimension. */
  public Array array(long[] data, long... shape) {
    return array(typed(DType.I64, data.length, shape), MemorySegment.ofArray(data));
  }

  /** An array of {@code dtype}, {@code data} converted to it: rounded to nearest even, integers as Java casts. */
  public Array array(DType dtype, double[] data, long... shape) {
    return array(Literal.of(typed(dtype, data.length, shape), data));
  }

  /** An array with a copy of {@code data}: exactly its bytes, dense, little-endian. */
  public Array array(TensorType type, MemorySegment data) {
    if (data.byteSize() != type.bytes()) {
      throw new IllegalArgumentException(
          "an array of " + type + " has " + type.bytes() + " bytes, found a segment of " + data.byteSize());
    }
    Array array = uninitialised(type);
    array.write(data);
    return array;
  }

  /** An array with the literal's type and elements. */
  public Array array(Literal value) {
    return array(value.type(), MemorySegment.ofArray(LiteralBytes.encode(value)));
  }

  public Array zeros(TensorType type) {
    return full(type, 0);
  }

  public Array zeros(DType dtype, long... shape) {
    return zeros(TensorType.of(dtype, shape));
  }

  /** Every element is {@code value}, converted to the type. */
  public Array full(TensorType type, double value) {
    return array(Literal.splat(type, value));
  }

  /** An f32 array without dimensions. */
  public Array scalar(float value) {
    return full(TensorType.of(DType.F32), value);
  }

  /** An array without dimensions. */
  public Array scalar(DType dtype, double value) {
    return full(TensorType.of(dtype), value);
  }

  /** An array of undefined contents, to be written. */
  public Array uninitialised(TensorType type) {
    return new Array(this, type, arrays.allocate(type.bytes()));
  }

  private static TensorType typed(DType dtype, long count, long[] shape) {
    if (shape.length == 0) {
      return TensorType.of(dtype, count);
    }
    TensorType type = new TensorType(dtype, Dims.of(shape));
    if (type.size() != count) {
      throw new IllegalArgumentException(type + " has " + type.size() + " elements, found " + count);
    }
    return type;
  }

  /** The number of arrays that are not closed. */
  public int openArrays() {
    return arrays.openArrays();
  }

  /** How many arrays were forgotten without {@link Array#close} and have been cleaned since. */
  public long leakedArrays() {
    return arrays.leakedArrays();
  }

  ArrayRegistry arrays() {
    return arrays;
  }

  void checkOpen() {
    if (closed) {
      throw new IllegalStateException("this Lathe is closed");
    }
  }

  /** Closes what was compiled, all arrays, and the device; a second call does nothing. */
  @Override
  public void close() {
    synchronized (this) {
      if (closed) {
        return;
      }
      closed = true;
    }
    List.copyOf(compiled).forEach(Compiled::close);
    arrays.close();
    device.close();
  }
}
