package org.lathe.models.zoo.agents;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Supplier;
import org.lathe.compiler.op.LossOps;
import org.lathe.compiler.op.Tensor;
import org.lathe.models.bench.StepWorkload.Values;
import org.lathe.models.env.TMaze;
import org.lathe.models.nets.ActorCritic;
import org.lathe.models.optim.Adam;
import org.lathe.models.optim.Clipping;
import org.lathe.models.train.BoundStep;
import org.lathe.models.train.Checkpoint;
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
 * An agent with an LSTM (Hochreiter and Schmidhuber 1997) in the {@link TMaze} of Bakker 2002: observations [steps, batch, 3]
 * to logits [steps, batch, 4] and values [steps, batch] through {@value #HIDDEN} cells. It learns from whole episodes by the
 * policy's gradient with a critic, backpropagated through all steps.
 *
 * <p>The bar: with a corridor of {@value #CORRIDOR} it takes the turn that the sign at the start told, in at least 90% of
 * episodes, always with the best action. Beside it learns an agent without memory, in the same way; the training fails if
 * that one is not right in about half of the episodes (40 to 60%), which is what reaching the junction without knowing gives.
 *
 * <p>It differs from the paper in the policy's gradient instead of advantage learning, and in corridors of 1 to {@value
 * #CORRIDOR} steps in training, of which the short ones are found first.
 */
final class TMazeModel extends AgentModel {
  static final int CORRIDOR = 20;
  private static final int LIMIT = 60;
  private static final int EPISODES = 64;
  private static final int HIDDEN = 32;
  private static final double DISCOUNT = 0.98;
  private static final double RATE = 5e-3;
  private static final double ENTROPY = 0.02;
  private static final double CRITIC = 0.5;
  private static final double MOST_NORM = 1;
  private static final int ITERATIONS_PER_EPOCH = 20;
  private static final int EPOCHS = 40;
  private static final int JUDGED = 500;
  private static final double GOAL = 0.995;
  private static final double HALF = 0.5;
  private static final double ABOUT = 0.1;
  private static final String LSTM = "lstm";
  private static final String MEMORYLESS = "memoryless";

  TMazeModel() {
    super(
        new Card(
            "tmaze-lstm", Agents.FAMILY, "Bakker 2002", "right_turns", Direction.HIGHER, 0.9, "environment: tmaze"));
  }

  private static Supplier<TMaze> lessons() {
    return () -> new TMaze(1, CORRIDOR, LIMIT);
  }

  private static Supplier<TMaze> exam() {
    return () -> new TMaze(CORRIDOR, CORRIDOR, LIMIT);
  }

  private static ActorCritic net(boolean remembers, long hidden) {
    TMaze world = exam().get();
    return remembers
        ? ActorCritic.lstm(world.observationSize(), hidden, world.actions())
        : ActorCritic.feedForward(world.observationSize(), hidden, world.actions());
  }

  private static Step acting(ActorCritic net, long batch) {
    return PolicyGradient.acting("act", net, net, batch, exam().get().observationSize());
  }

  /**
   * A step on whole episodes, with the inputs of {@link ReinforceModel#fields}, and {@code value} [limit, batch], what the
   * critic gave when it acted.
   */
  private static Step learning(ActorCritic net, long limit, long batch) {
    List<Field> fields = new ArrayList<>(ReinforceModel.fields(limit, batch, exam().get().observationSize()));
    fields.add(Field.floats("value", limit, batch));
    return Step.training("learn", net, fields, c -> {
      Tensor loss = loss(c, net);
      c.minimize(loss, Group.of(net, new Adam(RATE)).clipped(Clipping.byGlobalNorm(MOST_NORM)));
      c.report("loss", loss);
    });
  }

  private static Tensor loss(StepContext c, ActorCritic net) {
    Tensor reward = c.input("reward");
    Tensor present = c.input("present");
    Tensor returns = PolicyGradient.returns(reward, present, reward.zerosLike(), DISCOUNT);
    ActorCritic.Output made = net.apply(c.input("observation"));
    Tensor advantage = returns.sub(c.input("value"));
    Tensor gain = PolicyGradient.logProbability(made.logits(), c.input("action")).mul(advantage)
        .add(PolicyGradient.entropy(made.logits()).mul(ENTROPY));
    Tensor error = LossOps.squaredError(made.critic(), returns).mul(CRITIC);
    return error.sub(gain).mul(present).sum().div(present.sum().maximum(1));
  }

  private static Blueprint blueprint(boolean remembers, long limit, long batch, long hidden) {
    ActorCritic net = net(remembers, hidden);
    return new Blueprint(List.of(learning(net, limit, batch)), acting(net, batch));
  }

  @Override
  public Blueprint blueprint(long batch) {
    return blueprint(true, LIMIT, batch, HIDDEN);
  }

  @Override
  public Blueprint checkBlueprint() {
    return blueprint(true, 5, 3, 7);
  }

  @Override
  public long batch() {
    return EPISODES;
  }

  @Override
  public Values values() {
    return values(exam().get().actions());
  }

  @Override
  public String checkpointName() {
    return checkpointName(LSTM);
  }

  private String checkpointName(String part) {
    return name() + "/" + part;
  }

  @Override
  public List<Step> runSteps() {
    Blueprint plain = blueprint(false, LIMIT, EPISODES, HIDDEN);
    ActorCritic memoryless = net(false, HIDDEN);
    ActorCritic lstm = net(true, HIDDEN);
    return List.of(
        plain.training().getFirst(), plain.inference(), acting(memoryless, JUDGED), acting(memoryless, SHOWN),
        acting(lstm, JUDGED), acting(lstm, SHOWN));
  }

  @Override
  public TrainResult train(TrainRequest request) throws IOException {
    DataSource.none(name(), request.data());
    TrainResult plain = learn(request.part(MEMORYLESS), false);
    TrainResult lstm = learn(request.part(LSTM), true);
    double seconds = plain.seconds() + lstm.seconds();
    request.listener().note(
        String.format(
            Locale.ROOT, "right turns after a corridor of %d: %.1f%% with memory, %.1f%% without", CORRIDOR,
            100 * lstm.value(), 100 * plain.value()));
    if (Math.abs(plain.value() - HALF) > ABOUT) {
      return new TrainResult("memoryless_right_turns", plain.value(), HALF, false, seconds, plain.checkpoint());
    }
    return card().result(lstm.value(), seconds, lstm.checkpoint());
  }

  private TrainResult learn(TrainRequest request, boolean remembers) throws IOException {
    ActorCritic net = net(remembers, HIDDEN);
    String part = remembers ? LSTM : MEMORYLESS;
    try (ModelState state = new ModelState(request.lathe(), request.seed());
        BoundStep learn = BoundStep.bind(learning(net, LIMIT, EPISODES), state);
        BoundStep act = BoundStep.bind(acting(net, EPISODES), state);
        BoundStep judge = BoundStep.bind(acting(net, JUDGED), state)) {
      ReturnLog log = new ReturnLog(state);
      Policy judged = new Policy(judge);
      EpisodicTask task = new EpisodicTask(
          new Policy(act), learn, lessons(), Episodes.Choice.SAMPLED_WITH_VALUES, request.seed(),
          ITERATIONS_PER_EPOCH, log,
          () -> Map.of("right_turns", rightTurns(judged, validationSeed(request.seed()))));
      Trainer.Outcome outcome = Trainer.train(
          state, task,
          request.options(checkpointName(part), EPOCHS)
              .withStopping(EarlyStopping.of("right_turns", Direction.HIGHER, EPOCHS).withGoal(GOAL)));
      log.write(request.out().resolve("returns.png"), name() + ", " + part);
      Episodes tested = film(judged, exam(), testSeed(request.seed()), request.out().resolve("episode.png"));
      return card().result(rightTurns(tested), outcome.seconds(), outcome.checkpoint());
    }
  }

  private static double rightTurns(Policy policy, long seed) {
    return rightTurns(Episodes.play(policy, exam(), seed, 0, Episodes.Choice.GREEDY));
  }

  private static double rightTurns(Episodes played) {
    return Arrays.stream(played.last()).filter(r -> r == TMaze.GOAL).count() / (double) played.last().length;
  }

  /** Plays episodes with a corridor of {@value #CORRIDOR}, and tells their returns. */
  @Override
  public Map<String, Double> run(RunRequest request) throws IOException {
    DataSource.none(name(), request.data());
    boolean remembers = !Checkpoint.describe(request.checkpoint()).model().equals(checkpointName(MEMORYLESS));
    Step acting = acting(net(remembers, HIDDEN), request.countOr(SHOWN));
    try (ModelState state = load(request, checkpointName(remembers ? LSTM : MEMORYLESS), acting)) {
      return show(request, state, acting, exam());
    }
  }
}
