package org.lathe.models.adversarial;

import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.lathe.compiler.op.Tensor;
import org.lathe.models.nn.Module;
import org.lathe.models.optim.Optimizer;
import org.lathe.models.optim.Regularizer;
import org.lathe.models.train.Group;
import org.lathe.models.train.Step;

/**
 * The rules by which two networks learn against each other; immutable parts, of which each model picks its own.
 *
 * <p>{@link #steps} makes two training steps of a {@link Contest}, {@code critic} and {@code generator}, each of which
 * reports {@code loss}. They are compiled on their own and share the model's parameters on the device;
 * {@link AdversarialTask} runs them. A model with another course (two generators, a reconstruction between) calls
 * {@link #criticLoss} and {@link #generatorLoss} in steps of its own.
 *
 * @param generator the optimiser of the generator, its rate over the generator's steps
 * @param critic the optimiser of the critic, its rate over the critic's steps
 */
public record Game(
    AdversarialLoss loss,
    CriticConstraint constraint,
    InstanceNoise noise,
    Alternation alternation,
    Optimizer generator,
    Optimizer critic,
    @Nullable Regularizer generatorRegularizer,
    @Nullable Regularizer criticRegularizer) {

  /** The name of the critic's step and of its group of parameters. */
  public static final String CRITIC = "critic";

  /** The name of the generator's step and of its group of parameters. */
  public static final String GENERATOR = "generator";

  /** One step each, without constraint or noise. */
  public static Game of(AdversarialLoss loss, Optimizer generator, Optimizer critic) {
    return new Game(loss, CriticConstraint.NONE, InstanceNoise.NONE, Alternation.EVEN, generator, critic, null, null);
  }

  public Game constrained(CriticConstraint newConstraint) {
    return new Game(
        loss, newConstraint, noise, alternation, generator, critic, generatorRegularizer, criticRegularizer);
  }

  public Game noisy(InstanceNoise newNoise) {
    return new Game(
        loss, constraint, newNoise, alternation, generator, critic, generatorRegularizer, criticRegularizer);
  }

  public Game alternating(Alternation newAlternation) {
    return new Game(
        loss, constraint, noise, newAlternation, generator, critic, generatorRegularizer, criticRegularizer);
  }

  /** With penalties on the parameters, such as orthogonality; null for none. */
  public Game regularized(@Nullable Regularizer ofGenerator, @Nullable Regularizer ofCritic) {
    return new Game(loss, constraint, noise, alternation, generator, critic, ofGenerator, ofCritic);
  }

  /** The step of the critic, then that of the generator. */
  public List<Step> steps(Contest contest) {
    return List.of(criticStep(contest), generatorStep(contest));
  }

  private Step criticStep(Contest contest) {
    return Step.training(
        CRITIC,
        contest.model(),
        contest.criticFields(),
        c -> {
          Sample real = contest.real(c);
          Sample fake = contest.fake(c).stopGradient();
          Tensor iteration = c.stepNumber().mul(1.0 / alternation.critic());
          Tensor judged = criticLoss(contest::judge, contest.judgesByBatch(), real, fake, iteration);
          Tensor term = contest.criticTerm(c, real, fake);
          Tensor total = term == null ? judged : judged.add(term);
          c.minimize(total, group(CRITIC, contest.critic(), critic, criticRegularizer));
          constraint.constrain(c, contest.critic());
          c.report("loss", total);
        });
  }

  private Step generatorStep(Contest contest) {
    return Step.training(
        GENERATOR,
        contest.model(),
        contest.generatorFields(),
        c -> {
          Sample fake = contest.fake(c);
          Tensor iteration = c.stepNumber().mul(1.0 / alternation.generator());
          Tensor judged = generatorLoss(contest::judge, fake, iteration);
          Tensor term = contest.generatorTerm(c, fake);
          Tensor total = term == null ? judged : judged.add(term);
          c.minimize(total, group(GENERATOR, contest.generator(), generator, generatorRegularizer));
          contest.generatorUpdated(c);
          c.report("loss", total);
        });
  }

  private static Group group(
      String name, Module part, Optimizer optimizer, @Nullable Regularizer regularizer) {
    Group group = Group.of(name, part, optimizer);
    return regularizer == null ? group : group.regularized(regularizer);
  }

  /**
   * The critic's loss with noise and penalty, a scalar.
   *
   * @param judge the critic's scores
   * @param byBatch see {@link Contest#judgesByBatch}
   * @param fake as many as real ones; the caller has stopped their gradient
   * @param iteration f32 scalar: how many iterations were made before
   */
  public Tensor criticLoss(
      Function<Sample, Tensor> judge, boolean byBatch, Sample real, Sample fake, Tensor iteration) {
    Sample seenReal = real.with(noise.addTo(real.x(), iteration));
    Sample seenFake = fake.with(noise.addTo(fake.x(), iteration));
    List<Tensor> judged = byBatch
        ? List.of(judge.apply(seenReal), judge.apply(seenFake))
        : judge.apply(seenReal.and(seenFake)).split(0, 2);
    return constraint.addTo(loss.critic(judged.get(0), judged.get(1)), judge, seenReal, seenFake);
  }

  /** The generator's loss with noise, a scalar; arguments as of {@link #criticLoss}. */
  public Tensor generatorLoss(Function<Sample, Tensor> judge, Sample fake, Tensor iteration) {
    return loss.generator(judge.apply(fake.with(noise.addTo(fake.x(), iteration))));
  }
}
