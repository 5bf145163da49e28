package org.lathe.compiler.runtime;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.lathe.compiler.ir.TensorType;
import org.lathe.compiler.lower.Donation;
import org.lathe.hal.device.Buffer;
import org.lathe.hal.device.BufferSlice;
import org.lathe.hal.device.CommandBuffer;
import org.lathe.hal.device.Prepared;

/**
 * A function compiled for one tuple of input types, with a pool of command buffers: as many as there were calls at once.
 */
final class Executable {
  private static final int NOT_DONATED = -1;

  private final Lathe lathe;
  private final Compilation compilation;
  private final Prepared prepared;
  private final TensorType[] inputTypes;
  private final TensorType[] outputTypes;
  /** The output that lives in each input, or -1. */
  private final int[] outputOfInput;
  private final int[] inputOfOutput;
  private final ArrayDeque<CommandBuffer> idle = new ArrayDeque<>();
  private int active;
  private boolean closed;

  Executable(Lathe lathe, Compilation compilation, Prepared prepared) {
    this.lathe = lathe;
    this.compilation = compilation;
    this.prepared = prepared;
    this.inputTypes = compilation.inputTypes().toArray(TensorType[]::new);
    this.outputTypes = compilation.outputTypes().toArray(TensorType[]::new);
    this.outputOfInput = new int[inputTypes.length];
    this.inputOfOutput = new int[outputTypes.length];
    Arrays.fill(outputOfInput, NOT_DONATED);
    Arrays.fill(inputOfOutput, NOT_DONATED);
    for (Donation d : compilation.lowered().donations()) {
      outputOfInput[d.input()] = d.output();
      inputOfOutput[d.output()] = d.input();
    }
  }

  Compilation compilation() {
    return compilation;
  }

  boolean isDonated(int input) {
    return outputOfInput[input] != NOT_DONATED;
  }

  /** The input in which output {@code output} lives, or -1. */
  int inputOf(int output) {
    return inputOfOutput[output];
  }

  TensorType[] outputTypes() {
    return outputTypes;
  }

  boolean takes(List<Array> inputs) {
    if (inputs.size() != inputTypes.length) {
      return false;
    }
    for (int i = 0; i < inputTypes.length; i++) {
      TensorType type = inputs.get(i).type();
      if (type != inputTypes[i] && !type.equals(inputTypes[i])) {
        return false;
      }
    }
    return true;
  }

  /** Runs once on these inputs; new arrays for the outputs. */
  List<Array> call(List<Array> inputs) {
    List<Array> outputs = new ArrayList<>(outputTypes.length);
    run(inputs, outputs, commands -> {
      commands.submit().await();
      return outputs;
    });
    return outputs;
  }

  /** Runs once with the device's profiler on. The inputs are kept, the outputs dropped. */
  List<CommandBuffer.KernelTiming> profile(List<Array> inputs) {
    List<Array> kept = new ArrayList<>(inputs);
    for (int i = 0; i < kept.size(); i++) {
      if (isDonated(i)) {
        kept.set(i, kept.get(i).copy());
      }
    }
    List<Array> outputs = new ArrayList<>();
    List<CommandBuffer.KernelTiming> timings = run(kept, outputs, CommandBuffer::profile);
    outputs.forEach(Array::close);
    return timings;
  }

  private <T> T run(List<Array> inputs, List<Array> outputs, Function<CommandBuffer, T> work) {
    int held = 0;
    Buffer[] fresh = new Buffer[outputTypes.length];
    BufferSlice[] bindings = new BufferSlice[inputTypes.length + outputTypes.length];
    boolean done = false;
    try {
      for (; held < inputTypes.length; held++) {
        bindings[held] = isDonated(held) ? inputs.get(held).beginDonation() : inputs.get(held).use();
      }
      int bound = held;
      for (int o = 0; o < outputTypes.length; o++) {
        if (inputOfOutput[o] == NOT_DONATED) {
          fresh[o] = lathe.arrays().allocate(outputTypes[o].bytes());
          bindings[bound++] = new BufferSlice(fresh[o], 0, outputTypes[o].bytes());
        }
      }
      T result = runWith(Arrays.asList(bindings).subList(0, bound), work);
      done = true;
      for (int o = 0; o < outputTypes.length; o++) {
        int from = inputOfOutput[o];
        Buffer buffer = from == NOT_DONATED ? fresh[o] : inputs.get(from).endDonation();
        outputs.add(new Array(lathe, outputTypes[o], buffer));
      }
      return result;
    } finally {
      release(inputs, held, done);
      if (!done) {
        for (Buffer buffer : fresh) {
          if (buffer != null) {
            lathe.arrays().recycle(buffer);
          }
        }
      }
    }
  }

  private void release(List<Array> inputs, int held, boolean done) {
    for (int i = 0; i < held; i++) {
      if (!isDonated(i)) {
        inputs.get(i).unuse();
      } else if (!done) {
        inputs.get(i).cancelDonation();
      }
    }
  }

  private <T> T runWith(List<BufferSlice> bindings, Function<CommandBuffer, T> work) {
    CommandBuffer commands = acquire();
    try {
      if (commands == null) {
        commands = prepared.record(bindings);
      } else if (!commands.rebind(bindings)) {
        commands.close();
        commands = null;
        commands = prepared.record(bindings);
      }
      return work.apply(commands);
    } finally {
      release(commands);
    }
  }

  /** A recording of its own, for a {@link BoundCall}, which gives it back by {@link #closeBound}. */
  CommandBuffer record(List<BufferSlice> bindings) {
    synchronized (this) {
      checkOpen();
      active++;
    }
    try {
      return prepared.record(bindings);
    } catch (RuntimeException e) {
      release(null);
      throw e;
    }
  }

  void closeBound(CommandBuffer commands) {
    commands.close();
    release(null);
  }

  private synchronized @Nullable CommandBuffer acquire() {
    checkOpen();
    active++;
    return idle.pollLast();
  }

  private void release(@Nullable CommandBuffer commands) {
    boolean last;
    synchronized (this) {
      active--;
      last = closed && active == 0;
      if (commands != null && !closed) {
        idle.addLast(commands);
        return;
      }
    }
    if (commands != null) {
      commands.close();
    }
    if (last) {
      prepared.close();
    }
  }

  private void checkOpen() {
    if (closed) {
      throw new IllegalStateException("'" + compilation.name() + "' is closed");
    }
  }

  /** Closes what is idle now and the rest when the last run has ended. */
  void close() {
    List<CommandBuffer> all;
    boolean last;
    synchronized (this) {
      if (closed) {
        return;
      }
      closed = true;
      all = List.copyOf(idle);
      idle.clear();
      last = active == 0;
    }
    all.forEach(CommandBuffer::close);
    if (last) {
      prepared.close();
    }
  }
}
