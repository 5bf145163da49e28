package org.lathe.models.train;

import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.lathe.models.nn.Module;

/**
 * A computation over a model's state that is compiled as one graph: a training step (forward, losses, gradients,
 * optimiser updates), a step of another learning rule (Hebb's, Kohonen's, contrastive divergence), or an inference.
 *
 * {@snippet :
 * Step step = Step.training("train", model, List.of(Field.floats("image", 64, 784), Field.ints("label", 64)), c -> {
 *   Tensor loss = LossOps.softmaxCrossEntropy(model.apply(c.input("image")), c.input("label")).mean();
 *   c.minimize(loss, Group.of(model, new Adam(1e-3)));
 *   c.report("loss", loss);
 * });
 * }
 *
 * @param name unique in the model: it names the step's random numbers
 * @param inputs what it is given at each run, in the order of the graph's inputs
 * @param training whether dropout drops, batch norm uses its batch, and random numbers move on with each run
 * @param rule the learning rule, where the step does not follow the gradient of a loss and so has none to check; else null
 * @param body traces it; called once for each graph
 */
public record Step(
    String name, Module model, List<Field> inputs, boolean training, @Nullable String rule,
    Consumer<StepContext> body) {
  public Step {
    inputs = List.copyOf(inputs);
  }

  public static Step training(String name, Module model, List<Field> inputs, Consumer<StepContext> body) {
    return new Step(name, model, inputs, true, null, body);
  }

  /**
   * A step that changes the state by {@link StepContext#assign}, {@link StepContext#descend} or module state, but not down
   * the gradient of a loss.
   *
   * @param rule what it follows, for people: {@code "Oja's rule"}
   */
  public static Step rule(
      String name, Module model, List<Field> inputs, String rule, Consumer<StepContext> body) {
    return new Step(name, model, inputs, true, rule, body);
  }

  public static Step inference(String name, Module model, List<Field> inputs, Consumer<StepContext> body) {
    return new Step(name, model, inputs, false, null, body);
  }

  /** The step as a graph whose donations update the state in place. */
  public StepGraph trace() {
    return new StepContext(this, false).trace();
  }

  /**
   * The losses and their gradients instead of the updates: reports {@code loss.GROUP} and {@code gradient.PARAMETER}, for
   * checks. Every group's gradients are at the state given, not after the groups before it.
   */
  public StepGraph traceGradients() {
    return new StepContext(this, true).trace();
  }
}
