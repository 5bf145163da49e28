package org.lathe.compiler.runtime;

import java.util.ArrayList;
import java.util.List;
import org.lathe.hal.device.BufferSlice;
import org.lathe.hal.device.CommandBuffer;

/**
 * A compiled function bound to its arrays, to be run again and again: the inner loop of training.
 *
 * <p>Donated inputs are updated in place: after a run, parameter array 3 holds the new parameter 3. The other outputs lie
 * in arrays made once, which every run overwrites. A run allocates nothing on the heap.
 *
 * <p>Ownership: the inputs stay the caller's and cannot be closed before this; {@link #outputs} that are not donated
 * inputs belong to this and are closed with it. Threads: one run at a time; the caller orders runs against writes to the
 * inputs and reads of the outputs. Closed with its {@link Compiled}.
 */
public final class BoundCall implements AutoCloseable {
  private final Compiled owner;
  private final Executable executable;
  private final List<Array> inputs;
  private final List<Array> outputs;
  private final List<Array> own;
  private final CommandBuffer commands;
  private boolean closed;

  BoundCall(Compiled owner, Executable executable, List<Array> inputs) {
    this.owner = owner;
    this.executable = executable;
    this.inputs = List.copyOf(inputs);
    List<BufferSlice> bindings = new ArrayList<>();
    List<Array> results = new ArrayList<>();
    List<Array> made = new ArrayList<>();
    int held = 0;
    CommandBuffer recorded = null;
    try {
      checkDistinct();
      for (; held < inputs.size(); held++) {
        bindings.add(inputs.get(held).use());
      }
      for (int o = 0; o < executable.outputTypes().length; o++) {
        int from = executable.inputOf(o);
        if (from >= 0) {
          results.add(inputs.get(from));
        } else {
          Array output = owner.lathe().uninitialised(executable.outputTypes()[o]);
          made.add(output);
          results.add(output);
          bindings.add(output.use());
        }
      }
      recorded = executable.record(bindings);
    } finally {
      if (recorded == null) {
        release(held, made);
      }
    }
    this.commands = recorded;
    this.outputs = List.copyOf(results);
    this.own = List.copyOf(made);
  }

  /** An array that is written may not be bound twice. */
  private void checkDistinct() {
    for (int i = 0; i < inputs.size(); i++) {
      if (executable.isDonated(i)) {
        Array donated = inputs.get(i);
        if (inputs.stream().filter(a -> a == donated).count() > 1) {
          throw new IllegalArgumentException(
              "argument " + i + " of '" + executable.compilation().name()
                  + "' is donated and cannot be passed twice; copy it");
        }
      }
    }
  }

  /** Runs once, and waits for the end. */
  public void run() {
    if (closed) {
      throw new IllegalStateException("this bound call of '" + executable.compilation().name() + "' is closed");
    }
    commands.submit().await();
  }

  /** Runs once, and says when each kernel ran. Slower than {@link #run}. */
  public List<CommandBuffer.KernelTiming> profile() {
    if (closed) {
      throw new IllegalStateException("this bound call of '" + executable.compilation().name() + "' is closed");
    }
    return commands.profile();
  }

  public List<Array> inputs() {
    return inputs;
  }

  /** The results of the last run, in the function's order. An output that lives in a donated input is that very array. */
  public List<Array> outputs() {
    return outputs;
  }

  public Array output(int i) {
    return outputs.get(i);
  }

  public Compilation compilation() {
    return executable.compilation();
  }

  /** Lets go of the inputs and closes the outputs made here; a second call does nothing. Not while a run is under way. */
  @Override
  public void close() {
    synchronized (this) {
      if (closed) {
        return;
      }
      closed = true;
    }
    executable.closeBound(commands);
    release(inputs.size(), own);
    owner.forget(this);
  }

  private void release(int held, List<Array> made) {
    for (int i = 0; i < held; i++) {
      inputs.get(i).unuse();
    }
    for (Array output : made) {
      output.unuse();
      output.close();
    }
  }
}
