package org.lathe.models.zoo.agents;

import java.io.IOException;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.lathe.models.bench.StepWorkload.Values;
import org.lathe.models.env.CartPole;
import org.lathe.models.env.Environment;
import org.lathe.models.env.GridWorld;
import org.lathe.models.env.VectorEnvironment;
import org.lathe.models.optim.Schedule;
import org.lathe.models.train.BoundStep;
import org.lathe.models.train.Checkpoint;
import org.lathe.models.train.EarlyStopping.Direction;
import org.lathe.models.train.EarlyStopping;
import org.lathe.models.train.ModelState;
import org.lathe.models.train.Step;
import org.lathe.models.train.Trainer;
import org.lathe.models.zoo.model.Blueprint;
import org.lathe.models.zoo.model.Card;
import org.lathe.models.zoo.model.RunRequest;
import org.lathe.models.zoo.model.TrainRequest;
import org.lathe.models.zoo.model.TrainResult;
import org.lathe.models.zoo.parts.DataSource;

/**
 * Deep Q-learning (Mnih et al. 2015) of two environments, one after the other, each with a network of its own: {@link
 * GridWorld}, observations [batch, 42] to values [batch, 4], and {@link CartPole}, [batch, 4] to [batch, 2], both through two
 * layers of 64 ReLU units. See {@link DeepQ} and {@link DeepQTask}.
 *
 * <p>The bar is cart pole's mean return over 100 episodes that no training saw, always with the best action. It passes only
 * if grid world is solved too: from every cell the network's actions have the very return that value iteration finds.
 *
 * <p>It differs from the paper in vectors instead of pictures, in {@value #ENVIRONMENTS} environments that step together, in
 * Adam as the optimiser, and for cart pole in errors that are not clipped at 1: its values are of the order of 100, and the
 * few transitions in which the pole falls would count for no more than all others.
 */
final class DqnModel extends AgentModel {
  private static final int ENVIRONMENTS = 16;
  private static final int DRAWN = 128;
  private static final int HIDDEN = 64;
  private static final String GRID = "gridworld";
  private static final String CART = "cartpole";
  /** Returns that differ by less are the same, but for rounding. */
  private static final double SAME = 1e-9;

  /** One environment, and how it is learned. */
  private record Part(
      String name, Supplier<? extends Environment> maker, DeepQ.Sizes sizes, DeepQTask.Pace pace, int epochs,
      String metric, double goal) {
    Step acting(long batch) {
      return new DeepQ(sizes).acting("act", batch);
    }
  }

  private static final Part GRIDWORLD = new Part(
      GRID, GridWorld::standard, sizes(GridWorld.standard(), HIDDEN, ENVIRONMENTS, DRAWN, 256, 100, 0.95, 1, 1e-3),
      new DeepQTask.Pace(5, 50, 500, 0.2), 40, "optimal_cells", 1);

  private static final Part CARTPOLE = new Part(
      CART, CartPole::new, cartPole(DRAWN),
      new DeepQTask.Pace(10, 50, 1500, 0.05), 30, "mean_return", 495);

  private static DeepQ.Sizes sizes(
      Environment world, long hidden, long environments, long drawn, long slots, int copyEvery, double discount,
      double clip, double rate) {
    return new DeepQ.Sizes(
        world.observationSize(), world.actions(), hidden, environments, drawn, slots, copyEvery, discount, clip,
        Schedule.constant(rate));
  }

  private static DeepQ.Sizes cartPole(long drawn) {
    return sizes(new CartPole(), HIDDEN, ENVIRONMENTS, drawn, 2048, 25, 0.995, 100, 5e-4);
  }

  DqnModel() {
    super(
        new Card(
            "dqn", Agents.FAMILY, "Mnih et al. 2015", "mean_return", Direction.HIGHER, CARTPOLE_BAR,
            "environments: gridworld, cartpole"));
  }

  /** Learns from as many drawn transitions as {@code batch}, and acts in as many environments. */
  @Override
  public Blueprint blueprint(long batch) {
    DeepQ q = new DeepQ(cartPole(batch));
    return new Blueprint(List.of(q.learning()), q.acting("act", batch));
  }

  @Override
  public Blueprint checkBlueprint() {
    DeepQ q = new DeepQ(sizes(new CartPole(), 7, 3, 5, 4, 2, 0.9, 1, 1e-3));
    return new Blueprint(List.of(q.learning()), q.acting("act", 3));
  }

  @Override
  public long batch() {
    return DRAWN;
  }

  @Override
  public Values values() {
    return values(new CartPole().actions());
  }

  @Override
  public String checkpointName() {
    return checkpointName(CARTPOLE);
  }

  private String checkpointName(Part part) {
    return name() + "/" + part.name();
  }

  @Override
  public List<Step> runSteps() {
    return List.of(
        new DeepQ(GRIDWORLD.sizes()).learning(), GRIDWORLD.acting(ENVIRONMENTS),
        GRIDWORLD.acting(GridWorld.standard().cells()), CARTPOLE.acting(ENVIRONMENTS), CARTPOLE.acting(TESTS),
        GRIDWORLD.acting(SHOWN), CARTPOLE.acting(SHOWN));
  }

  @Override
  public TrainResult train(TrainRequest request) throws IOException {
    DataSource.none(name(), request.data());
    TrainResult grid = learn(request.part(GRID), GRIDWORLD);
    TrainResult cart = learn(request.part(CART), CARTPOLE);
    double seconds = grid.seconds() + cart.seconds();
    if (!grid.passed()) {
      return new TrainResult(grid.metric(), grid.value(), grid.bar(), false, seconds, grid.checkpoint());
    }
    return card().result(cart.value(), seconds, cart.checkpoint());
  }

  private TrainResult learn(TrainRequest request, Part part) throws IOException {
    boolean grid = part == GRIDWORLD;
    int judges = grid ? GridWorld.standard().cells() : TESTS;
    DeepQ q = new DeepQ(part.sizes());
    try (ModelState state = new ModelState(request.lathe(), request.seed());
        BoundStep learn = BoundStep.bind(q.learning(), state);
        BoundStep act = BoundStep.bind(q.acting("act", ENVIRONMENTS), state);
        BoundStep judge = BoundStep.bind(q.acting("judge", judges), state)) {
      ReturnLog log = new ReturnLog(state);
      Policy policy = new Policy(act);
      Policy judged = new Policy(judge);
      DeepQTask task = new DeepQTask(
          state, policy, learn, new VectorEnvironment(ENVIRONMENTS, part.maker(), request.seed()), part.pace(), log,
          () -> Map.of(
              part.metric(),
              grid ? grid(judge).optimal() : ReinforceModel.meanReturn(judged, validationSeed(request.seed()))));
      Trainer.Outcome outcome = Trainer.train(
          state, task,
          request.options(checkpointName(part), part.epochs())
              .withStopping(EarlyStopping.of(part.metric(), Direction.HIGHER, part.epochs()).withGoal(part.goal())));
      log.write(request.out().resolve("returns.png"), name() + " on " + part.name());
      Episodes tested = film(
          grid ? policy : judged, part.maker(), testSeed(request.seed()), request.out().resolve("episode.png"));
      request.listener().note(part.name() + ": " + log.episodes() + " episodes were played to learn from");
      double value = grid ? grid(judge).optimal() : tested.meanTotal();
      if (grid) {
        request.listener().note(
            String.format(
                Locale.ROOT, "gridworld: values are at most %.3f off those of value iteration", grid(judge).error()));
      }
      return new TrainResult(
          part.metric(), value, grid ? 1 : bar(), value >= (grid ? 1 : bar()), outcome.seconds(),
          outcome.checkpoint());
    }
  }

  /**
   * What the network knows of grid world.
   *
   * @param optimal the share of free cells from which its actions have the best possible return
   * @param error the largest of all actions' values, against value iteration
   */
  private record Knowledge(double optimal, double error) {}

  /** @param judge for as many environments as there are cells */
  private static Knowledge grid(BoundStep judge) {
    GridWorld world = GridWorld.standard();
    double discount = GRIDWORLD.sizes().discount();
    ValueIteration exact = ValueIteration.of(world, discount);
    float[] observations = new float[world.cells() * world.cells()];
    for (int c = 0; c < world.cells(); c++) {
      observations[c * world.cells() + c] = 1;
    }
    int[] policy = new Policy(judge).greedy(observations);
    double[] values = judge.report("values").toDoubles();
    int[] free = IntStream.range(0, world.cells()).filter(world::isFree).toArray();
    double error = 0;
    int optimal = 0;
    for (int c : free) {
      double gap = exact.values()[c] - ValueIteration.follow(world, policy, c, discount);
      optimal += gap < SAME ? 1 : 0;
      for (int a = 0; a < world.actions(); a++) {
        int at = c * world.actions() + a;
        error = Math.max(error, Math.abs(values[at] - exact.actions()[at]));
      }
    }
    return new Knowledge((double) optimal / free.length, error);
  }

  /** Plays episodes of the environment that the checkpoint is of, and tells their returns. */
  @Override
  public Map<String, Double> run(RunRequest request) throws IOException {
    DataSource.none(name(), request.data());
    boolean grid = Checkpoint.describe(request.checkpoint()).model().equals(checkpointName(GRIDWORLD));
    Part part = grid ? GRIDWORLD : CARTPOLE;
    Step acting = part.acting(request.countOr(SHOWN));
    try (ModelState state = load(request, checkpointName(part), acting)) {
      return show(request, state, acting, part.maker());
    }
  }
}
