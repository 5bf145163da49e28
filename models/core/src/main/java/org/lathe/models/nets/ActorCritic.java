package org.lathe.models.nets;

import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.lathe.compiler.op.Tensor;
import org.lathe.models.nn.Initializer;
import org.lathe.models.nn.Linear;
import org.lathe.models.nn.Module;
import org.lathe.models.nn.Recurrent;
import org.lathe.models.nn.Recurrent.State;

/**
 * A policy over discrete actions, with or without a critic that predicts the return: observations [steps, batch, in] to
 * logits [steps, batch, actions] and values [steps, batch]. Its body is two layers of tanh units, or an LSTM, which remembers
 * earlier steps; policy and critic are linear in the body's last layer (Mnih et al. 2016).
 *
 * <p>Parameters: {@code body.0.weight}, .., or {@code memory.0.input}, ..; {@code policy.weight}, {@code policy.bias}; {@code
 * value.weight}, {@code value.bias}.
 */
public final class ActorCritic extends Module {
  private final long hidden;
  private final @Nullable Mlp body;
  private final @Nullable Recurrent memory;
  private final Linear policy;
  private final @Nullable Linear value;

  /**
   * What the net gives.
   *
   * @param logits [steps, batch, actions]
   * @param values [steps, batch]; null without a critic
   * @param memory what the LSTM ends with; null without one
   */
  public record Output(Tensor logits, @Nullable Tensor values, @Nullable State memory) {
    /** @throws IllegalStateException if the net has no critic */
    public Tensor critic() {
      if (values == null) {
        throw new IllegalStateException("this net has no critic; make it with ActorCritic.feedForward or lstm");
      }
      return values;
    }
  }

  private ActorCritic(long in, long hidden, long actions, boolean remembers, boolean criticises) {
    this.hidden = hidden;
    body = remembers
        ? null
        : child("body", new Mlp(Tensor::tanh, Initializer.orthogonal(Math.sqrt(2)), in, hidden, hidden));
    memory = remembers ? child("memory", Recurrent.lstm(in, hidden, 1)) : null;
    policy = child("policy", new Linear(hidden, actions));
    value = criticises ? child("value", new Linear(hidden, 1)) : null;
  }

  /** A policy alone. */
  public static ActorCritic policy(long in, long hidden, long actions) {
    return new ActorCritic(in, hidden, actions, false, false);
  }

  /** A policy and a critic that see one observation at a time. */
  public static ActorCritic feedForward(long in, long hidden, long actions) {
    return new ActorCritic(in, hidden, actions, false, true);
  }

  /** A policy and a critic that remember. */
  public static ActorCritic lstm(long in, long hidden, long actions) {
    return new ActorCritic(in, hidden, actions, true, true);
  }

  /** Whether it has an LSTM. */
  public boolean remembers() {
    return memory != null;
  }

  /** The width of its hidden layers, and of its memory. */
  public long hidden() {
    return hidden;
  }

  /** From the beginning of episodes. */
  public Output apply(Tensor x) {
    return apply(x, null);
  }

  /**
   * @param begin what the memory holds before the first step; null for nothing
   */
  public Output apply(Tensor x, @Nullable State begin) {
    Tensor features;
    State last = null;
    if (memory == null) {
      features = Objects.requireNonNull(body).apply(x).tanh();
    } else {
      Recurrent.Output made = begin == null ? memory.run(x, null) : memory.apply(x, List.of(begin));
      features = made.states();
      last = made.last().getFirst();
    }
    return new Output(policy.apply(features), value == null ? null : value.apply(features).squeeze(2), last);
  }
}
