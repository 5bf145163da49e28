package org.lathe.backends.simt.ir;

import java.util.List;

/** What a work item does. */
public sealed interface Statement {

  /** A new variable, known to the end of the enclosing block. */
  record Declare(Variable variable, Value value) implements Statement {}

  record Assign(Variable variable, Value value) implements Statement {}

  /**
   * Stores the value's lanes from {@code index} on, rounded to the memory's dtype.
   *
   * @param aligned whether the address is a multiple of the vector's bytes
   */
  record Store(Memory memory, Value index, Value value, boolean aligned) implements Statement {}

  /**
   * {@code for (counter = from; counter < to; counter += step)}; {@code to} is evaluated once, before.
   *
   * @param step positive
   * @param unroll into how many copies the compiler should unroll it: 1 leaves it, {@link #FULLY} takes all
   */
  record For(Variable counter, Value from, Value to, long step, int unroll, List<Statement> body)
      implements
        Statement {
    public static final int FULLY = Integer.MAX_VALUE;

    public For {
      body = List.copyOf(body);
      if (step <= 0) {
        throw new IllegalArgumentException("a loop with a step of " + step);
      }
    }
  }

  record If(Value condition, List<Statement> then, List<Statement> otherwise) implements Statement {
    public If {
      then = List.copyOf(then);
      otherwise = List.copyOf(otherwise);
    }
  }

  /**
   * All work items of the group arrive before one goes on, and what they wrote to local and global memory is then seen
   * by the whole group. Only where control flow is the same for the whole group.
   */
  record Barrier() implements Statement {}
}
