package org.lathe.models.adversarial;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.lathe.compiler.op.Tensor;
import org.lathe.models.nn.Module;
import org.lathe.models.train.Field;
import org.lathe.models.train.StepContext;

/**
 * Two networks of one model that learn against each other, at one batch size: what examples are, who makes them and who
 * judges them. {@link Game} makes steps of it. Its methods are called while a step is traced.
 *
 * <p>A third network that learns with the generator (infogan's) is a part of {@link #generator}, one that learns with the
 * critic a part of {@link #critic}; what they add to the losses are the terms.
 */
public interface Contest {
  /** Both networks. */
  Module model();

  /** What the generator's step trains. */
  Module generator();

  /** What the critic's step trains. */
  Module critic();

  /** What the critic's step is given at each run. */
  List<Field> criticFields();

  /** What the generator's step is given; nothing where it makes examples of noise that the device draws. */
  default List<Field> generatorFields() {
    return List.of();
  }

  /** The real examples of a critic's step. */
  Sample real(StepContext c);

  /** Made examples, in the step of either. Both draw their own noise. */
  Sample fake(StepContext c);

  /** The critic's scores, [batch, ...]. */
  Tensor judge(Sample sample);

  /**
   * Whether an example's score depends on its batch (batch norm). Then real and made examples are judged apart, else in one
   * batch, which is faster and the same.
   */
  default boolean judgesByBatch() {
    return false;
  }

  /** What is added to the critic's loss, a scalar; null for nothing. {@code fake} is constant. */
  default @Nullable Tensor criticTerm(StepContext c, Sample real, Sample fake) {
    return null;
  }

  /** What is added to the generator's loss, a scalar; null for nothing. */
  default @Nullable Tensor generatorTerm(StepContext c, Sample fake) {
    return null;
  }

  /** What else changes in the generator's step after its update, such as averages of its parameters. */
  default void generatorUpdated(StepContext c) {}
}
