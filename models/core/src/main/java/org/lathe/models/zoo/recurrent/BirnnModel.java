package org.lathe.models.zoo.recurrent;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.lathe.hal.spec.Recurrence.Cell;
import org.lathe.models.bench.StepWorkload.Values;
import org.lathe.models.nets.SequenceTagger;
import org.lathe.models.nn.Bidirectional;
import org.lathe.models.nn.Recurrent;
import org.lathe.models.train.Checkpoint;
import org.lathe.models.train.EarlyStopping.Direction;
import org.lathe.models.train.Step;
import org.lathe.models.zoo.model.Blueprint;
import org.lathe.models.zoo.model.Card;
import org.lathe.models.zoo.model.RunRequest;
import org.lathe.models.zoo.model.TrainRequest;
import org.lathe.models.zoo.model.TrainResult;
import org.lathe.models.zoo.model.ZooModel;
import org.lathe.models.zoo.parts.DataSource;

/**
 * A bidirectional recurrent network (Schuster and Paliwal 1997) that tags words some of whose tags are settled by later
 * words: tokens [batch, steps] to logits [batch, steps, 6]. The cells are GRUs; {@link Bidirectional} takes any.
 *
 * <p>Two parts, each in a directory of its own and trained likewise: {@code bidirectional}, and {@code one-way} with as many
 * units in one direction. The bar is by how much more of the tags that a later word settles the bidirectional network has
 * right.
 */
final class BirnnModel extends ZooModel {
  private static final double BAR = 0.2;
  private static final double RATE = 5e-3;
  private static final int EPOCHS = 3;
  private static final int EXAMPLES = 12_800;
  private static final int WIDTH = 32;
  private static final Tagging.Task TASK = Tagging.Task.LATER_TAGS;

  BirnnModel() {
    super(
        new Card(
            "birnn", RecurrentNetworks.FAMILY, "Schuster and Paliwal 1997", "accuracy_gain", Direction.HIGHER, BAR,
            "grammar: tagged sentences with later cues"));
  }

  private Tagging bidirectional(int width) {
    return new Tagging(
        name() + "/bidirectional",
        TASK,
        () -> SequenceTagger.of(
            TASK.vocabulary, width, new Bidirectional(Cell.GRU, width, width, 1), 2 * width, TASK.classes),
        RATE,
        EPOCHS,
        null);
  }

  private Tagging oneWay() {
    return new Tagging(
        name() + "/one-way",
        TASK,
        () -> SequenceTagger.of(TASK.vocabulary, WIDTH, Recurrent.gru(WIDTH, 2 * WIDTH, 1), 2 * WIDTH, TASK.classes),
        RATE,
        EPOCHS,
        null);
  }

  @Override
  public Blueprint blueprint(long batch) {
    return bidirectional(WIDTH).blueprint(batch, TASK.steps);
  }

  @Override
  public Blueprint checkBlueprint() {
    return bidirectional(5).blueprint(3, 5);
  }

  @Override
  public long batch() {
    return Tagging.BATCH;
  }

  @Override
  public String checkpointName() {
    return bidirectional(WIDTH).checkpoint();
  }

  @Override
  public Values values() {
    return SequenceValues.of(5);
  }

  @Override
  public TrainResult train(TrainRequest request) throws IOException {
    DataSource.none(name(), request.data());
    Tagging.Outcome one = oneWay().train(request.part("one-way"), EXAMPLES);
    Tagging.Outcome both = bidirectional(WIDTH).train(request.part("bidirectional"), EXAMPLES);
    request.listener().note(
        String.format(
            Locale.ROOT, "tags that a later word settles: bidirectional %.4f right, one-way %.4f", both.accuracy(),
            one.accuracy()));
    return card().result(both.accuracy() - one.accuracy(), one.seconds() + both.seconds(), both.checkpoint());
  }

  @Override
  public List<Step> runSteps() {
    List<Step> all = new ArrayList<>(oneWay().steps());
    all.addAll(bidirectional(WIDTH).steps());
    return all;
  }

  /** Tags, by the network whose checkpoint it is. */
  @Override
  public Map<String, Double> run(RunRequest request) throws IOException {
    DataSource.none(name(), request.data());
    String part = Checkpoint.describe(request.checkpoint()).model();
    List<Tagging> parts = List.of(oneWay(), bidirectional(WIDTH));
    return parts.stream().filter(p -> p.checkpoint().equals(part)).findFirst().orElse(parts.getLast())
        .run(request, ZooModel::load);
  }
}
