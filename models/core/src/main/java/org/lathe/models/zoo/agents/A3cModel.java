package org.lathe.models.zoo.agents;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.lathe.compiler.op.LossOps;
import org.lathe.compiler.op.Tensor;
import org.lathe.models.bench.StepWorkload.Values;
import org.lathe.models.env.CartPole;
import org.lathe.models.nets.ActorCritic;
import org.lathe.models.nn.Module;
import org.lathe.models.nn.Parameter;
import org.lathe.models.optim.Clipping;
import org.lathe.models.optim.RmsProp;
import org.lathe.models.optim.Schedule;
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
 * Asynchronous advantage actor-critic (Mnih et al. 2016) on {@link CartPole}: observations [batch, 4] to logits [batch, 2]
 * and values [batch] through two layers of 64 tanh units. {@value #ACTORS} actors are threads, each with {@value
 * #ENVIRONMENTS} environments that step together, its own copy of the parameters and its own compiled programs. Again and
 * again an actor copies the shared parameters, acts for {@value #STEPS} steps, and changes the shared parameters and the
 * shared statistics of RMSProp by the gradient at its copy.
 *
 * <p><b>The race.</b> No lock orders the actors, as in the paper (Hogwild; Recht et al. 2011): the programs of all actors
 * have the same arrays bound as parameters and statistics. Lathe leaves it to the caller to order a write of an array
 * against its other uses; the actors do not, and what they then get is this. Devices store each 32-bit number as a whole, and
 * these programs write shared numbers only with their new values, never with anything in between; so an actor may copy
 * parameters of which some are from before another's update and some from after, and of two updates of a number at the same
 * time one may get lost, but nothing is read that was not written as a new value. Tests hold all of this. The actors come
 * together after each iteration, where measurements and checkpoints are made, so those are of parameters that nobody writes.
 *
 * <p><b>Resuming.</b> A checkpoint has all there is: parameters, statistics, every actor's copy, where its environments stand
 * and what it has drawn. A resumed training goes on from exactly there. With one actor it goes on bit for bit as if it had
 * not been ended; with several, it does so as far as two trainings that were never ended would be the same, which they are
 * not: the order of updates is the threads' own.
 *
 * <p>It differs from the paper in several environments for each actor, and in observations of four numbers.
 */
final class A3cModel extends AgentModel {
  static final int ACTORS = 4;
  static final int ENVIRONMENTS = 8;
  static final int STEPS = 20;
  private static final int HIDDEN = 64;
  private static final double DISCOUNT = 0.99;
  private static final double RATE = 3e-3;
  private static final double ENTROPY = 0.01;
  private static final double CRITIC = 0.5;
  private static final double MOST_NORM = 1;
  private static final int ITERATIONS_PER_EPOCH = 4;
  /** Of each actor in an iteration. */
  private static final int ROLLOUTS = 10;
  private static final int EPOCHS = 60;
  private static final double GOAL = 495;

  private final int actors;

  A3cModel() {
    this(ACTORS);
  }

  /** @param actors as many threads */
  A3cModel(int actors) {
    super(
        new Card(
            "a3c", Agents.FAMILY, "Mnih et al. 2016", "mean_return", Direction.HIGHER, CARTPOLE_BAR,
            "environment: cartpole"));
    this.actors = actors;
  }

  /** The parameters that all actors share, and their copies. */
  static final class Nets extends Module {
    final ActorCritic shared;
    final List<ActorCritic> copies;

    Nets(int actors, long hidden) {
      shared = child("shared", net(hidden));
      List<ActorCritic> all = new ArrayList<>();
      for (int i = 0; i < actors; i++) {
        all.add(net(hidden));
      }
      copies = children("actor", all);
    }

    private static ActorCritic net(long hidden) {
      CartPole world = new CartPole();
      return ActorCritic.feedForward(world.observationSize(), hidden, world.actions());
    }

    /** Acting with the shared parameters, which are all that it needs. */
    Step acting(long batch) {
      return PolicyGradient.acting("act", new Shared(shared), shared, batch, new CartPole().observationSize());
    }

    /** Acting with an actor's copy. */
    Step acting(int actor, long batch) {
      return PolicyGradient.acting(
          "act." + actor, this, copies.get(actor), batch, new CartPole().observationSize());
    }

    /** Copies the shared parameters to an actor's. */
    Step copying(int actor) {
      return Step.rule("copy." + actor, this, List.of(), "copying the shared parameters", c -> {
        List<Parameter> from = List.copyOf(shared.parameters().values());
        List<Parameter> to = List.copyOf(copies.get(actor).parameters().values());
        for (int i = 0; i < to.size(); i++) {
          c.assign(to.get(i), from.get(i).tensor());
        }
      });
    }

    /**
     * Changes the shared parameters by the gradient at an actor's copy. Inputs: {@code observation} [steps, batch, width],
     * {@code action} i32, {@code reward}, {@code value} that the critic gave when it acted, and {@code continues} and {@code
     * beyond} of {@link PolicyGradient#returns}, each [steps, batch]. Reports {@code loss}.
     */
    Step learning(int actor, long steps, long batch) {
      List<Field> fields = List.of(
          Field.floats("observation", steps, batch, new CartPole().observationSize()),
          Field.ints("action", steps, batch), Field.floats("reward", steps, batch),
          Field.floats("value", steps, batch), Field.floats("continues", steps, batch),
          Field.floats("beyond", steps, batch));
      return Step.training("learn." + actor, this, fields, c -> {
        Tensor loss = loss(c, copies.get(actor));
        RmsProp rule = new RmsProp(Schedule.constant(RATE), 0.99, 1e-5);
        c.minimize(loss, copies.get(actor),
            Group.of("shared", shared, rule).clipped(Clipping.byGlobalNorm(MOST_NORM)));
        c.report("loss", loss);
      });
    }

    private static Tensor loss(StepContext c, ActorCritic net) {
      Tensor returns = PolicyGradient.returns(c.input("reward"), c.input("continues"), c.input("beyond"), DISCOUNT);
      ActorCritic.Output made = net.apply(c.input("observation"));
      Tensor advantage = returns.sub(c.input("value"));
      Tensor policy = PolicyGradient.logProbability(made.logits(), c.input("action")).mul(advantage).mean().neg();
      Tensor critic = LossOps.squaredError(made.critic(), returns).mean();
      return policy.add(critic.mul(CRITIC)).sub(PolicyGradient.entropy(made.logits()).mean().mul(ENTROPY));
    }
  }

  private static final class Shared extends Module {
    Shared(ActorCritic shared) {
      child("shared", shared);
    }
  }

  private static Blueprint blueprint(long steps, long batch, long hidden) {
    Nets nets = new Nets(1, hidden);
    return new Blueprint(List.of(nets.copying(0), nets.learning(0, steps, batch)), nets.acting(batch));
  }

  @Override
  public Blueprint blueprint(long batch) {
    return blueprint(STEPS, batch, HIDDEN);
  }

  @Override
  public Blueprint checkBlueprint() {
    return blueprint(5, 3, 7);
  }

  @Override
  public long batch() {
    return ENVIRONMENTS;
  }

  @Override
  public Values values() {
    return values(new CartPole().actions());
  }

  @Override
  public List<Step> runSteps() {
    Nets nets = new Nets(1, HIDDEN);
    return List.of(nets.acting(TESTS), nets.acting(SHOWN));
  }

  @Override
  public TrainResult train(TrainRequest request) throws IOException {
    DataSource.none(name(), request.data());
    Nets nets = new Nets(actors, HIDDEN);
    try (ModelState state = new ModelState(request.lathe(), request.seed());
        Actors threads = new Actors(nets, state, new Actors.Sizes(actors, ENVIRONMENTS, STEPS, ROLLOUTS));
        BoundStep judge = BoundStep.bind(nets.acting(TESTS), state)) {
      Policy judged = new Policy(judge);
      Trainer.Outcome outcome = Trainer.train(
          state,
          threads.task(
              ITERATIONS_PER_EPOCH,
              () -> Map.of("mean_return", ReinforceModel.meanReturn(judged, validationSeed(request.seed())))),
          request.options(name(), EPOCHS)
              .withStopping(EarlyStopping.of("mean_return", Direction.HIGHER, EPOCHS).withGoal(GOAL)));
      threads.log().write(request.out().resolve("returns.png"), name() + " on cartpole");
      Episodes tested = film(
          judged, CartPole::new, testSeed(request.seed()), request.out().resolve("episode.png"));
      request.listener().note(threads.log().episodes() + " episodes were played by " + actors + " actors");
      return card().result(tested.meanTotal(), outcome.seconds(), outcome.checkpoint());
    }
  }

  /** Plays episodes and tells their returns. */
  @Override
  public Map<String, Double> run(RunRequest request) throws IOException {
    DataSource.none(name(), request.data());
    Step acting = new Nets(1, HIDDEN).acting(request.countOr(SHOWN));
    try (ModelState state = load(request, name(), acting)) {
      return show(request, state, acting, CartPole::new);
    }
  }
}
