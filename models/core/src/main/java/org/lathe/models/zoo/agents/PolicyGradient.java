package org.lathe.models.zoo.agents;

import java.util.ArrayList;
import java.util.List;
import org.lathe.compiler.op.ControlFlow;
import org.lathe.compiler.op.LossOps;
import org.lathe.compiler.op.Tensor;
import org.lathe.hal.DType;
import org.lathe.models.nets.ActorCritic;
import org.lathe.models.nn.Module;
import org.lathe.models.nn.Recurrent.State;
import org.lathe.models.train.Field;
import org.lathe.models.train.Step;

/** What policy gradients are made of, traced: time first, [steps, batch]. */
final class PolicyGradient {
  private PolicyGradient() {}

  /**
   * Discounted returns, {@code G[t] = r[t] + discount (continues[t] G[t + 1] + beyond[t])} with nothing after the last step.
   *
   * @param continues 0 where the episode ends or is cut after the step, else 1
   * @param beyond what is expected after a step where it was cut, else 0
   */
  static Tensor returns(Tensor rewards, Tensor continues, Tensor beyond, double discount) {
    return ControlFlow.scanReverse(
        List.of(rewards.at(0, 0).zerosLike()),
        List.of(rewards, continues, beyond),
        (later, now) -> {
          Tensor future = now.get(1).mul(later.getFirst()).add(now.get(2));
          Tensor g = now.get(0).add(future.mul(discount));
          return new ControlFlow.Step(g, g);
        }).output();
  }

  /**
   * For each episode the mean return of the others at the same step: a baseline that does not depend on the episode's own
   * actions, and so leaves the gradient's expectation as it is (Kool, van Hoof and Welling 2019).
   *
   * @param returns [steps, batch], 0 after an episode's end
   */
  static Tensor othersMean(Tensor returns) {
    long batch = returns.dim(1);
    if (batch < 2) {
      throw new IllegalArgumentException("a baseline of the other episodes needs at least 2 episodes, not " + batch);
    }
    return returns.sum(1).expandDims(1).sub(returns).mul(1.0 / (batch - 1));
  }

  /**
   * The logarithm of the probability of each action, [steps, batch].
   *
   * @param logits [steps, batch, actions]
   * @param actions i32 [steps, batch]
   */
  static Tensor logProbability(Tensor logits, Tensor actions) {
    long rows = actions.dim(0) * actions.dim(1);
    return LossOps.softmaxCrossEntropy(logits.reshape(rows, logits.dim(2)), actions.reshape(rows)).neg()
        .reshape(actions.shape());
  }

  /** Of the policy at each step, in nats, [steps, batch]. */
  static Tensor entropy(Tensor logits) {
    Tensor log = logits.logSoftmax(2);
    return log.exp().mul(log).sum(2).neg();
  }

  /**
   * An action by the policy's probabilities: the first at which their running sum exceeds a number in [0, 1).
   *
   * @param logits [batch, actions]
   * @param uniform [batch]
   * @return i32 [batch]
   */
  static Tensor sample(Tensor logits, Tensor uniform) {
    long actions = logits.dim(1);
    Tensor below = logits.softmax(1).cumulativeSum(1).lessEqual(uniform.expandDims(1));
    return below.cast(DType.F32).sum(1).minimum(actions - 1).cast(DType.I32);
  }

  /**
   * One step of a policy in each of {@code batch} environments. Inputs: {@code observation} [batch, width], {@code uniform}
   * [batch], and with a memory {@code h} and {@code c} [batch, hidden]. Reports: {@code sampled} and {@code greedy}, i32
   * [batch]; with a critic {@code value} [batch]; with a memory {@code h} and {@code c} after the step.
   *
   * @param root the model that {@code net} is a part of
   */
  static Step acting(String name, Module root, ActorCritic net, long batch, long width) {
    List<Field> fields = new ArrayList<>(
        List.of(Field.floats("observation", batch, width), Field.floats("uniform", batch)));
    if (net.remembers()) {
      fields.add(Field.floats("h", batch, net.hidden()));
      fields.add(Field.floats("c", batch, net.hidden()));
    }
    return Step.inference(name, root, fields, c -> {
      State begin = net.remembers() ? new State(c.input("h"), c.input("c")) : null;
      ActorCritic.Output made = net.apply(c.input("observation").expandDims(0), begin);
      Tensor logits = made.logits().at(0, 0);
      c.report("sampled", sample(logits, c.input("uniform")));
      c.report("greedy", logits.argMax(1));
      if (made.values() != null) {
        c.report("value", made.values().at(0, 0));
      }
      State last = made.memory();
      if (last != null && last.c() != null) {
        c.report("h", last.h());
        c.report("c", last.c());
      }
    });
  }
}
