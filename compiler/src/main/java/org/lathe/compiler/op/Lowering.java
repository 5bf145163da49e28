package org.lathe.compiler.op;

import java.util.List;
import org.lathe.compiler.ir.Attributes;
import org.lathe.compiler.ir.TensorType;
import org.lathe.hal.expr.Combiner;
import org.lathe.hal.expr.Expr;
import org.lathe.hal.spec.Epilogue;
import org.lathe.hal.spec.KernelSpec;
import org.lathe.hal.spec.View;

/** How an op becomes part of a kernel, or a kernel. */
public sealed interface Lowering {

  /** Elementwise over operands of the output's shape: becomes part of an expression. */
  record Pointwise(Emitter emitter) implements Lowering {}

  /**
   * Emits the op's scalar work and gives its position.
   *
   * <p>{@code operands} are positions of the inputs' values in {@code b}.
   */
  @FunctionalInterface
  interface Emitter {
    int emit(Expr.Builder b, List<Integer> operands, Attributes attributes, TensorType output);
  }

  /** A value made from the position alone: {@code positions.at(d)} is the i32 index along the output's dimension d. */
  record Generator(GeneratorRule rule) implements Lowering {}

  @FunctionalInterface
  interface GeneratorRule {
    int emit(Expr.Builder b, Positions positions, Attributes attributes, TensorType output);
  }

  @FunctionalInterface
  interface Positions {
    int at(int dimension);
  }

  /** Moves elements: where each output element comes from. Becomes part of the consumer's access. */
  record Movement(MovementRule rule) implements Lowering {}

  @FunctionalInterface
  interface MovementRule {
    AccessMap map(TensorType input, Attributes attributes, TensorType output);
  }

  /** Keeps the row-major order of the elements and changes the shape: free on dense memory. */
  record Reshape() implements Lowering {}

  /** Joins its inputs along attribute {@code axis}. */
  record Concatenation() implements Lowering {}

  /** A reduction over attribute {@code axes} (the output's shape lacks them). */
  record Reduction(Combiner combiner) implements Lowering {}

  /**
   * A kernel of its own that takes an epilogue over the output's shape.
   *
   * @param strided whether it takes its operands through any view without a guard over their logical shapes; else they are
   *     dense
   */
  record Fusable(FusableRule rule, boolean strided) implements Lowering {
    public static Fusable strided(FusableRule rule) {
      return new Fusable(rule, true);
    }

    public static Fusable dense(FusableRule rule) {
      return new Fusable(rule, false);
    }
  }

  @FunctionalInterface
  interface FusableRule {
    KernelSpec build(List<TensorType> types, List<View> inputs, Attributes attributes, TensorType output,
        Epilogue epilogue);
  }

  /**
   * A kernel of its own on dense operands, except for those inputs named in {@code strided}, which it takes through any
   * view without a guard.
   */
  record Whole(WholeRule rule, List<Integer> strided) implements Lowering {}

  @FunctionalInterface
  interface WholeRule {
    KernelSpec build(List<TensorType> types, List<View> inputs, Attributes attributes, List<TensorType> outputs);
  }

  /** A constant: attribute {@code value}. */
  record Constant() implements Lowering {}

  /** Hands its input through: a marker for earlier passes. */
  record Identity() implements Lowering {}

  /** A loop over time: see {@code ControlFlow.SCAN}. */
  record Loop() implements Lowering {}

  /** A choice between two graphs: see {@code ControlFlow.COND}. */
  record Branch() implements Lowering {}
}
