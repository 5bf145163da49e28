package org.lathe.backends.simt.plan;

/** What a launch binds to one parameter of its kernel. */
public sealed interface Argument {
  /** The slice of input {@code operand} of the spec. */
  record Input(int operand) implements Argument {}

  /** The slice of output {@code operand} of the spec. */
  record Output(int operand) implements Argument {}

  /** Memory of the plan's own, see {@link KernelPlan#workspaces}. */
  record Workspace(int number) implements Argument {}

  /** A number for a scalar parameter. */
  record Number(long value) implements Argument {}
}
