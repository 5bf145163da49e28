package org.lathe.models.zoo.agents;

import java.util.ArrayList;
import java.util.List;
import org.lathe.compiler.op.LossOps;
import org.lathe.compiler.op.Tensor;
import org.lathe.hal.DType;
import org.lathe.models.nets.Mlp;
import org.lathe.models.nn.Initializer;
import org.lathe.models.nn.Module;
import org.lathe.models.nn.Parameter;
import org.lathe.models.optim.Adam;
import org.lathe.models.optim.Schedule;
import org.lathe.models.train.Field;
import org.lathe.models.train.Group;
import org.lathe.models.train.Step;
import org.lathe.models.train.StepContext;

/**
 * A deep Q-network (Mnih et al. 2015): {@code online} gives the value of each action, [batch, width] to [batch, actions], and
 * learns {@code r + discount max Q(s', a')} of transitions drawn from a {@link Replay}, where the last Q is that of {@code
 * target}, a copy made every so many steps.
 */
final class DeepQ extends Module {
  private final Sizes sizes;
  private final Mlp online;
  private final Mlp target;
  private final Replay replay;

  /**
   * How large, and how it learns.
   *
   * @param width of an observation
   * @param environments how many step together, and give as many transitions to each step
   * @param drawn transitions that each step learns from
   * @param slots the steps of which transitions are kept
   * @param copyEvery steps between two copies of the online network
   * @param clip errors beyond it count in proportion, not squared (the paper clips at 1)
   * @param rates of Adam
   */
  record Sizes(
      long width, long actions, long hidden, long environments, long drawn, long slots, int copyEvery,
      double discount, double clip, Schedule rates) {}

  /** The network that acts, alone, under the name that it has in the whole. */
  private static final class Acting extends Module {
    Acting(Mlp online) {
      child("online", online);
    }
  }

  DeepQ(Sizes sizes) {
    this.sizes = sizes;
    online = child("online", net(sizes));
    target = child("target", net(sizes));
    replay = child("replay", new Replay(sizes.slots(), sizes.environments(), 2 * sizes.width() + 3));
  }

  private static Mlp net(Sizes s) {
    return new Mlp(Tensor::relu, Initializer.he(), s.width(), s.hidden(), s.hidden(), s.actions());
  }

  /**
   * Keeps the transitions of one step of all environments, and learns from a draw of all that are kept. Inputs: {@code
   * observation} and {@code next} [environments, width], {@code action} i32, {@code reward} and {@code terminated}
   * [environments]. Reports {@code loss}.
   */
  Step learning() {
    long n = sizes.environments();
    List<Field> fields = List.of(
        Field.floats("observation", n, sizes.width()), Field.ints("action", n), Field.floats("reward", n),
        Field.floats("terminated", n), Field.floats("next", n, sizes.width()));
    return Step.training("learn", this, fields, c -> {
      Tensor loss = loss(c);
      c.minimize(loss, Group.of(online, new Adam(sizes.rates())));
      c.report("loss", loss);
      copyWhenDue(c);
    });
  }

  private Tensor loss(StepContext c) {
    long w = sizes.width();
    Tensor rows = Tensor.concat(
        1, c.input("observation"), c.input("next"), c.input("action").cast(DType.F32).expandDims(1),
        c.input("reward").expandDims(1), c.input("terminated").expandDims(1));
    Tensor drawn = replay.keepAndDraw(rows, c.stepNumber(), sizes.drawn());
    Tensor action = drawn.at(1, 2 * w).cast(DType.I32);
    Tensor goesOn = drawn.at(1, 2 * w + 2).subtractedFrom(1);
    Tensor future = target.apply(drawn.slice(1, w, 2 * w)).max(1).mul(goesOn).mul(sizes.discount());
    Tensor goal = drawn.at(1, 2 * w + 1).add(future).stopGradient();
    Tensor values = online.apply(drawn.slice(1, 0, w));
    Tensor chosen = values.mul(action.oneHot(sizes.actions(), DType.F32)).sum(1);
    return LossOps.huber(chosen, goal, sizes.clip()).mean();
  }

  private void copyWhenDue(StepContext c) {
    Tensor due = c.stepNumber().add(1).rem(sizes.copyEvery()).equalTo(0);
    List<Parameter> from = new ArrayList<>(online.parameters().values());
    List<Parameter> to = new ArrayList<>(target.parameters().values());
    for (int i = 0; i < to.size(); i++) {
      c.assign(to.get(i), due.where(from.get(i).tensor(), to.get(i).tensor()));
    }
  }

  /** Input {@code observation} [batch, width]; reports {@code values} [batch, actions] and {@code greedy}, i32 [batch]. */
  Step acting(String name, long batch) {
    return Step.inference(name, new Acting(online), List.of(Field.floats("observation", batch, sizes.width())), c -> {
      Tensor values = online.apply(c.input("observation"));
      c.report("values", values);
      c.report("greedy", values.argMax(1));
    });
  }
}
