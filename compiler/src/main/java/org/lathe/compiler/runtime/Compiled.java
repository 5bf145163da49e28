package org.lathe.compiler.runtime;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.lathe.compiler.ir.Graph;
import org.lathe.compiler.ir.GraphVerifier;
import org.lathe.compiler.ir.TensorType;
import org.lathe.compiler.lower.Donation;
import org.lathe.compiler.lower.LoweredGraph;
import org.lathe.hal.device.Capabilities;
import org.lathe.hal.device.CommandBuffer;
import org.lathe.hal.device.Prepared;
import org.lathe.hal.program.Program;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A function that is compiled for each tuple of input types it is called with, and kept.
 *
 * <p>Any thread may call it, and several at once: each call under way has temporaries of its own. A first call with new
 * types traces the function in the calling thread; {@link #lastCompilation} says why that was and how long it took.
 *
 * <p>Errors: {@link org.lathe.compiler.ir.TypeError} where shapes do not fit, with the user's line; {@link
 * org.lathe.hal.device.HalException} where the device fails. A failed call leaves its inputs open, donated ones with
 * undefined contents.
 */
public final class Compiled implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Compiled.class);

  private final Lathe lathe;
  private final Source source;
  private final CompileOptions options;
  private final Toolchain toolchain;
  private final Map<List<TensorType>, Executable> executables = new ConcurrentHashMap<>();
  private final Set<BoundCall> bound = ConcurrentHashMap.newKeySet();
  private final Object compileLock = new Object();
  private volatile @Nullable Executable last;
  private volatile @Nullable Compilation lastCompilation;
  private volatile boolean closed;

  Compiled(Lathe lathe, Source source, CompileOptions options) {
    this(lathe, source, options, Toolchain.STANDARD);
  }

  Compiled(Lathe lathe, Source source, CompileOptions options, Toolchain toolchain) {
    this.lathe = lathe;
    this.source = source;
    this.options = options;
    this.toolchain = toolchain;
  }

  public Lathe lathe() {
    return lathe;
  }

  public String name() {
    return source.name();
  }

  /**
   * Runs once and waits for the end. Gives the only result, an array that the caller closes. Donated inputs are closed by
   * the call: their memory is the output's.
   *
   * @throws IllegalStateException if the function has not exactly one result
   */
  public Array call(Array... inputs) {
    List<Array> arguments = List.of(inputs);
    Executable executable = executable(arguments);
    int results = executable.outputTypes().length;
    if (results != 1) {
      throw new IllegalStateException("'" + name() + "' has " + results + " results; use callAll");
    }
    return executable.call(arguments).getFirst();
  }

  /** As {@link #call}, with any number of results. */
  public List<Array> callAll(List<Array> inputs) {
    return executable(inputs).call(inputs);
  }

  /** As {@link #call}, with any number of results. */
  public List<Array> callAll(Array... inputs) {
    return callAll(List.of(inputs));
  }

  /** Binds the function to these arrays, to be run many times without allocation. The caller closes the result. */
  public BoundCall bind(List<Array> inputs) {
    BoundCall call = new BoundCall(this, executable(inputs), inputs);
    bound.add(call);
    if (closed) {
      call.close();
      throw closedError();
    }
    return call;
  }

  /** See {@link #bind(List)}. */
  public BoundCall bind(Array... inputs) {
    return bind(List.of(inputs));
  }

  /** Runs once, slower, and says when each kernel ran. Donated inputs are copied first, the results dropped. */
  public List<CommandBuffer.KernelTiming> profile(List<Array> inputs) {
    return executable(inputs).profile(inputs);
  }

  /** What was compiled for these types; compiles if nothing was yet. */
  public Compilation compilation(List<TensorType> types) {
    Executable found = executables.get(types);
    return (found != null ? found : compile(List.copyOf(types))).compilation();
  }

  /** See {@link #compilation(List)}. */
  public Compilation compilation(TensorType... types) {
    return compilation(List.of(types));
  }

  /** The most recent compilation and the reason for it, or null before the first. */
  public @Nullable Compilation lastCompilation() {
    return lastCompilation;
  }

  /** How many tuples of input types it is compiled for. */
  public int compilations() {
    return executables.size();
  }

  private Executable executable(List<Array> inputs) {
    for (int i = 0; i < inputs.size(); i++) {
      if (inputs.get(i).lathe() != lathe) {
        throw new IllegalArgumentException(
            "argument " + argument(i) + " of '" + name() + "' belongs to another Lathe, on "
                + inputs.get(i).lathe().device().info().id() + "; copy it with lathe.array(x.toLiteral())");
      }
    }
    Executable recent = last;
    if (recent != null && recent.takes(inputs)) {
      return recent;
    }
    List<TensorType> types = inputs.stream().map(Array::type).toList();
    Executable found = executables.get(types);
    if (found == null) {
      found = compile(types);
    }
    last = found;
    return found;
  }

  private Executable compile(List<TensorType> types) {
    synchronized (compileLock) {
      Executable found = executables.get(types);
      if (found != null) {
        return found;
      }
      if (closed) {
        throw closedError();
      }
      Lowered lowering = lower(types);
      long start = System.nanoTime();
      Prepared prepared = lathe.device().prepare(lowering.program());
      return complete(lowering, prepared, System.nanoTime() - start);
    }
  }

  /** A compilation that the device has not seen yet. */
  record Lowered(
      List<TensorType> types, String reason, Graph traced, LoweredGraph graph, Duration trace, Duration passes,
      Duration lowering) {
    Program program() {
      return graph.program();
    }
  }

  Lowered lower(List<TensorType> types) {
    String reason = reason(types);
    long start = System.nanoTime();
    Graph traced = source.graph(types, options.names());
    GraphVerifier.verify(traced, "tracing");
    checkDonations(traced);
    long tracedAt = System.nanoTime();
    Capabilities capabilities = lathe.device().capabilities();
    Graph optimised = toolchain.optimise(traced, capabilities, options.observer());
    GraphVerifier.verify(optimised, "the passes");
    long optimisedAt = System.nanoTime();
    LoweredGraph lowered = toolchain.lower(optimised, capabilities, options.donations());
    long loweredAt = System.nanoTime();
    return new Lowered(
        types,
        reason,
        traced,
        lowered,
        Duration.ofNanos(tracedAt - start),
        Duration.ofNanos(optimisedAt - tracedAt),
        Duration.ofNanos(loweredAt - optimisedAt));
  }

  Executable complete(Lowered lowered, Prepared prepared, long prepareNanos) {
    Compilation.Times times = new Compilation.Times(
        lowered.trace(), lowered.passes(), lowered.lowering(), Duration.ofNanos(prepareNanos));
    Compilation compilation = new Compilation(
        name(), lowered.types(), lowered.reason(), times, lowered.traced(), lowered.graph(), lathe.device().info(),
        prepared.kernels());
    LOG.debug("{}", compilation);
    Executable made = new Executable(lathe, compilation, prepared);
    executables.put(lowered.types(), made);
    lastCompilation = compilation;
    last = made;
    return made;
  }

  private void checkDonations(Graph graph) {
    for (Donation d : options.donations()) {
      if (d.input() < 0 || d.input() >= graph.inputs().size() || d.output() < 0
          || d.output() >= graph.outputs().size()) {
        throw new IllegalArgumentException(
            "'" + name() + "' has " + graph.inputs().size() + " inputs and " + graph.outputs().size()
                + " outputs, but donates input "
                + d.input() + " to output " + d.output());
      }
      TensorType from = graph.inputTypes().get(d.input());
      TensorType to = graph.outputTypes().get(d.output());
      if (!from.equals(to)) {
        throw new IllegalArgumentException(
            "'" + name() + "' donates " + argument(d.input()) + " of " + from + " to output " + d.output() + " of " + to
                + ": the types must be equal");
      }
    }
  }

  /** Against what was used last, since that is what the caller changed. */
  private String reason(List<TensorType> types) {
    Executable before = last;
    if (before == null) {
      return "first call";
    }
    List<TensorType> old = before.compilation().inputTypes();
    if (old.size() != types.size()) {
      return "called with " + types.size() + " arguments instead of " + old.size();
    }
    List<String> changes = new ArrayList<>();
    for (int i = 0; i < types.size(); i++) {
      if (!types.get(i).equals(old.get(i))) {
        changes.add("argument " + argument(i) + " changed from " + old.get(i) + " to " + types.get(i));
      }
    }
    return String.join("; ", changes);
  }

  private String argument(int i) {
    return i + " (" + source.argument(i, options.names()) + ")";
  }

  private IllegalStateException closedError() {
    return new IllegalStateException("'" + name() + "' is closed");
  }

  void forget(BoundCall call) {
    bound.remove(call);
  }

  /**
   * Closes what was compiled, and its bound calls; a second call does nothing. Calls under way end first; bound calls must
   * not be running.
   */
  @Override
  public void close() {
    synchronized (compileLock) {
      if (closed) {
        return;
      }
      closed = true;
    }
    List.copyOf(bound).forEach(BoundCall::close);
    executables.values().forEach(Executable::close);
    lathe.forget(this);
  }
}
