package org.lathe.hal.spec;

import java.util.List;

/**
 * What one kernel computes, never how it is threaded: plain data that prints, compares and hashes by value.
 *
 * <p>A dispatch binds one slice to each operand, in the order of {@link #inputs} and {@link #outputs}. An output may
 * share memory with an input only where {@link #allowsInPlace} says so.
 */
public sealed interface KernelSpec
    permits Map,
    Reduce,
    RowProgram,
    Contraction,
    Convolution,
    Pooling,
    Recurrence,
    Attention,
    Gather,
    Scatter,
    RandomBits,
    Sort,
    TopK,
    Scan,
    Copy {

  /** Its member of the family, such as {@code Contraction}. */
  default String family() {
    return getClass().getSimpleName();
  }

  /** What each input slice must hold. */
  List<Operand> inputs();

  /** What each output slice must hold. */
  List<Operand> outputs();

  /** Arithmetic operations of one run; a multiply-add is two. */
  long operations();

  /** The work of one run, each operand moved once. */
  default Work work() {
    return new Work(
        operations(),
        inputs().stream().mapToLong(Operand::bytes).sum(),
        outputs().stream().mapToLong(Operand::bytes).sum());
  }

  /** Whether output {@code output} may be bound to the very slice of input {@code input}. */
  default boolean allowsInPlace(int input, int output) {
    return false;
  }
}
