package org.lathe.models.zoo.agents;

import java.io.IOException;
import java.util.List;
import java.util.Map;
import org.lathe.compiler.op.Tensor;
import org.lathe.models.bench.StepWorkload.Values;
import org.lathe.models.env.CartPole;
import org.lathe.models.nets.ActorCritic;
import org.lathe.models.optim.Adam;
import org.lathe.models.train.BoundStep;
import org.lathe.models.train.EarlyStopping.Direction;
import org.lathe.models.train.EarlyStopping;
import org.lathe.models.train.Field;
import org.lathe.models.train.Group;
import org.lathe.models.train.ModelState;
import org.lathe.models.train.Step;
import org.lathe.models.train.StepContext;
import org.lathe.models.train.Trainer;
import org.lathe.models.zoo.model.Blueprint;
import org.lathe.models.zoo.model.Card;
import org.lathe.models.zoo.model.RunRequest;
import org.lathe.models.zoo.model.TrainRequest;
import org.lathe.models.zoo.model.TrainResult;
import org.lathe.models.zoo.parts.DataSource;

/**
 * REINFORCE (Williams 1992) on {@link CartPole}: observations [batch, 4] to logits [batch, 2] through two layers of 64 tanh
 * units. Each step plays {@value #EPISODES} episodes side by side by the policy, and goes up the logarithm of each action's
 * probability, weighted with the discounted return from there on above a baseline.
 *
 * <p>It differs from the paper in the baseline, which is the mean return of the batch's other episodes at the same step
 * (see {@link PolicyGradient#othersMean}), and in Adam as the optimiser.
 */
final class ReinforceModel extends AgentModel {
  private static final int EPISODES = 16;
  private static final int HIDDEN = 64;
  private static final double DISCOUNT = 0.99;
  private static final double RATE = 5e-3;
  private static final int ITERATIONS_PER_EPOCH = 4;
  private static final int EPOCHS = 60;
  private static final double GOAL = 495;

  ReinforceModel() {
    super(
        new Card(
            "reinforce", Agents.FAMILY, "Williams 1992", "mean_return", Direction.HIGHER, CARTPOLE_BAR,
            "environment: cartpole"));
  }

  /** Minus the expected return's estimate of the gradient, as a loss; a scalar. */
  static Tensor loss(StepContext c, ActorCritic net, double discount) {
    Tensor reward = c.input("reward");
    Tensor present = c.input("present");
    Tensor returns = PolicyGradient.returns(reward, present, reward.zerosLike(), discount);
    Tensor advantage = returns.sub(PolicyGradient.othersMean(returns));
    Tensor log = PolicyGradient.logProbability(net.apply(c.input("observation")).logits(), c.input("action"));
    return log.mul(advantage).mul(present).sum().mul(-1.0 / reward.dim(1));
  }

  /** The inputs of learning from whole episodes. */
  static List<Field> fields(long limit, long batch, long width) {
    return List.of(
        Field.floats("observation", limit, batch, width), Field.ints("action", limit, batch),
        Field.floats("reward", limit, batch), Field.floats("present", limit, batch));
  }

  private static Blueprint blueprint(long limit, long batch, long hidden) {
    CartPole world = new CartPole();
    ActorCritic net = ActorCritic.policy(world.observationSize(), hidden, world.actions());
    Step learn = Step.training("learn", net, fields(limit, batch, world.observationSize()), c -> {
      Tensor loss = loss(c, net, DISCOUNT);
      c.minimize(loss, Group.of(net, new Adam(RATE)));
      c.report("loss", loss);
    });
    return new Blueprint(
        List.of(learn), PolicyGradient.acting("act", net, net, batch, world.observationSize()));
  }

  @Override
  public Blueprint blueprint(long batch) {
    return blueprint(CartPole.LIMIT, batch, HIDDEN);
  }

  @Override
  public Blueprint checkBlueprint() {
    return blueprint(5, 3, 7);
  }

  @Override
  public long batch() {
    return EPISODES;
  }

  @Override
  public Values values() {
    return values(new CartPole().actions());
  }

  @Override
  public List<Step> runSteps() {
    return List.of(blueprint(TESTS).inference(), blueprint(SHOWN).inference());
  }

  @Override
  public TrainResult train(TrainRequest request) throws IOException {
    DataSource.none(name(), request.data());
    Blueprint plan = blueprint(EPISODES);
    try (ModelState state = new ModelState(request.lathe(), request.seed());
        BoundStep learn = BoundStep.bind(plan.training().getFirst(), state);
        BoundStep act = BoundStep.bind(plan.inference(), state);
        BoundStep judge = BoundStep.bind(blueprint(TESTS).inference(), state)) {
      ReturnLog log = new ReturnLog(state);
      Policy judged = new Policy(judge);
      EpisodicTask task = new EpisodicTask(
          new Policy(act), learn, CartPole::new, Episodes.Choice.SAMPLED, request.seed(), ITERATIONS_PER_EPOCH, log,
          () -> Map.of("mean_return", meanReturn(judged, validationSeed(request.seed()))));
      Trainer.Outcome outcome = Trainer.train(
          state, task,
          request.options(name(), EPOCHS)
              .withStopping(EarlyStopping.of("mean_return", Direction.HIGHER, EPOCHS).withGoal(GOAL)));
      log.write(request.out().resolve("returns.png"), name() + " on cartpole");
      Episodes tested = film(
          judged, CartPole::new, testSeed(request.seed()), request.out().resolve("episode.png"));
      request.listener().note(log.episodes() + " episodes were played to learn from");
      return card().result(tested.meanTotal(), outcome.seconds(), outcome.checkpoint());
    }
  }

  /** Of cart poles, always with the best action. */
  static double meanReturn(Policy policy, long seed) {
    return Episodes.play(policy, CartPole::new, seed, 0, Episodes.Choice.GREEDY).meanTotal();
  }

  /** Plays episodes and tells their returns. */
  @Override
  public Map<String, Double> run(RunRequest request) throws IOException {
    DataSource.none(name(), request.data());
    Step acting = blueprint(request.countOr(SHOWN)).inference();
    try (ModelState state = load(request, name(), acting)) {
      return show(request, state, acting, CartPole::new);
    }
  }
}
