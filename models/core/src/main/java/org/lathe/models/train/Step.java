package org.lathe.models.train;

import java.util.List;
import java.util.function.Consumer;
import org.lathe.models.nn.Module;

/**
 * A computation over a model's state that is compiled as one graph: a training step (forward, losses, gradients,
 * optimiser updates), or an inference.
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
 * @param training whether dropout drops and batch norm uses its batch
 * @param body traces it; called once for each graph
 */
public record Step(
    String name, Module model, List<Field> inputs, boolean training, Consumer<StepContext> body) {
  public Step {
    inputs = List.copyOf(inputs);
  }

  public static Step training(String name, Module model, List<Field> inputs, Consumer<StepContext> body) {
    return new Step(name, model, inputs, true, body);
  }

  public static Step inference(String name, Module model, List<Field> inputs, Consumer<StepContext> body) {
    return new Step(name, model, inputs, false, body);
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
