package org.lathe.models.zoo.recurrent;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.lathe.models.bench.StepWorkload.Values;
import org.lathe.models.nets.SequenceTagger;
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
 * Simple recurrent networks, in two parts, each in a directory of its own: {@code tags}, parts of speech of words that may be
 * of two kinds, tokens [batch, steps] to logits [batch, steps, 6]; and {@code next-symbol}, the next symbol of a periodic
 * sequence, tokens [batch, 24] to logits [batch, 24, 3], nearly all of which has to be right where it can be known.
 */
final class TaggerModel extends ZooModel {
  private static final double BAR = 0.95;
  private static final double NEXT_SYMBOL_BAR = 0.98;

  private final Function<Sizes, SequenceTagger> make;
  private final Training training;

  /** Of a tagger: how wide its embedding and its hidden layer are. */
  record Sizes(int vocabulary, int width, int hidden, int classes) {}

  /**
   * How it is trained.
   *
   * @param rule where it is not down the whole gradient of the loss, else null
   */
  record Training(double rate, int epochs, int symbolEpochs, @Nullable String rule) {}

  TaggerModel(String name, String paper, Training training, Function<Sizes, SequenceTagger> make) {
    super(
        new Card(
            name, RecurrentNetworks.FAMILY, paper, Tagging.Task.TAGS.metric, Direction.HIGHER, BAR,
            "grammar: tagged sentences; sequences: periodic"));
    this.make = make;
    this.training = training;
  }

  private Tagging part(Tagging.Task task, int width, int hidden) {
    boolean tags = task == Tagging.Task.TAGS;
    return new Tagging(
        name() + (tags ? "/tags" : "/next-symbol"),
        task,
        () -> make.apply(new Sizes(task.vocabulary, width, hidden, task.classes)),
        training.rate(),
        tags ? training.epochs() : training.symbolEpochs(),
        training.rule());
  }

  private Tagging part(Tagging.Task task) {
    return part(task, 32, 32);
  }

  @Override
  public Blueprint blueprint(long batch) {
    return part(Tagging.Task.TAGS).blueprint(batch, Tagging.Task.TAGS.steps);
  }

  @Override
  public Blueprint checkBlueprint() {
    Blueprint tags = part(Tagging.Task.TAGS, 5, 4).blueprint(3, 5);
    Blueprint symbols = part(Tagging.Task.NEXT_SYMBOL, 3, 4).blueprint(2, 7);
    return new Blueprint(List.of(tags.training().getFirst(), symbols.training().getFirst()), tags.inference());
  }

  @Override
  public long batch() {
    return Tagging.BATCH;
  }

  @Override
  public String checkpointName() {
    return part(Tagging.Task.TAGS).checkpoint();
  }

  @Override
  public Values values() {
    return SequenceValues.of(Tagging.Task.NEXT_SYMBOL.classes);
  }

  @Override
  public TrainResult train(TrainRequest request) throws IOException {
    DataSource.none(name(), request.data());
    Tagging.Outcome symbols = part(Tagging.Task.NEXT_SYMBOL).train(request.part("next-symbol"), 3200);
    Tagging.Outcome tags = part(Tagging.Task.TAGS).train(request.part("tags"), 12_800);
    request.listener().note(
        String.format(
            Locale.ROOT, "tags right %.4f (bar %.2f), next symbols right %.4f (bar %.2f)", tags.accuracy(), BAR,
            symbols.accuracy(), NEXT_SYMBOL_BAR));
    double seconds = tags.seconds() + symbols.seconds();
    TrainResult result = card().result(tags.accuracy(), seconds, tags.checkpoint());
    return result.passed() && symbols.accuracy() < NEXT_SYMBOL_BAR
        ? new TrainResult(
            Tagging.Task.NEXT_SYMBOL.metric, symbols.accuracy(), NEXT_SYMBOL_BAR, false, seconds, symbols.checkpoint())
        : result;
  }

  @Override
  public List<Step> runSteps() {
    List<Step> all = new ArrayList<>(part(Tagging.Task.NEXT_SYMBOL).steps());
    all.addAll(part(Tagging.Task.TAGS).steps());
    return all;
  }

  /** Tags, or next symbols, by the part whose checkpoint it is. */
  @Override
  public Map<String, Double> run(RunRequest request) throws IOException {
    DataSource.none(name(), request.data());
    Tagging symbols = part(Tagging.Task.NEXT_SYMBOL);
    boolean ofSymbols = Checkpoint.describe(request.checkpoint()).model().equals(symbols.checkpoint());
    return (ofSymbols ? symbols : part(Tagging.Task.TAGS)).run(request, ZooModel::load);
  }
}
