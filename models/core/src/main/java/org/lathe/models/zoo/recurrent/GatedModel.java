package org.lathe.models.zoo.recurrent;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.lathe.hal.spec.Recurrence.Cell;
import org.lathe.models.bench.StepWorkload.Values;
import org.lathe.models.optim.Schedule;
import org.lathe.models.train.Checkpoint;
import org.lathe.models.train.CheckpointException;
import org.lathe.models.train.EarlyStopping.Direction;
import org.lathe.models.train.ModelState;
import org.lathe.models.train.Step;
import org.lathe.models.zoo.model.Blueprint;
import org.lathe.models.zoo.model.Card;
import org.lathe.models.zoo.model.RunRequest;
import org.lathe.models.zoo.model.TrainRequest;
import org.lathe.models.zoo.model.TrainResult;
import org.lathe.models.zoo.model.ZooModel;
import org.lathe.models.zoo.parts.DataSource;
import org.lathe.models.zoo.parts.Sentences;

/**
 * Gated recurrent networks: long short-term memory (Hochreiter and Schmidhuber 1997) and gated recurrent units (Cho et al.
 * 2014). Four parts, each in a directory of its own:
 *
 * <ul>
 *   <li>{@code language}: two stacked layers, tokens [batch, steps] to logits [batch, steps, vocabulary], on sentences of
 *       different lengths, masked and in buckets. The perplexity has to come near a perfect model's.
 *   <li>{@code stream}: the same network on an endless text, its state carried from piece to piece with truncated
 *       backpropagation. The same bar.
 *   <li>{@code adding}: one layer on the adding problem, x [batch, 100, 2] to [batch, 1]. The squared error has to fall below
 *       0.01.
 *   <li>{@code adding-plain}: a plain network of tanh units, trained likewise, which must not get there: else the problem
 *       would show nothing.
 * </ul>
 *
 * <p>The LSTM differs from the paper in having a forget gate (Gers et al. 2000) and no peepholes, the GRU in having its
 * reset gate after the recurrent product; both in Adam instead of gradient descent.
 */
final class GatedModel extends ZooModel {
  private static final int WIDTH = 64;
  private static final double BAR = 1.1;
  private static final int EPOCHS = 12;
  private static final double GOAL = 0.004;
  private static final int SHOWN = 10;

  private final Cell cell;
  private final String languageName;
  private final String streamName;

  GatedModel(String name, String paper, Cell cell) {
    super(
        new Card(
            name, RecurrentNetworks.FAMILY, paper, "perplexity_ratio", Direction.LOWER, BAR,
            "grammar; sequences: the adding problem"));
    this.cell = cell;
    this.languageName = name + "/language";
    this.streamName = name + "/stream";
  }

  private Language language(long width) {
    return new Language(languageName, cell, width);
  }

  private AddingProblem adding(String part, Cell of, long width, int epochs, double goal) {
    return new AddingProblem(
        name() + "/" + part, () -> AddingProblem.recurrent(of, width), Schedule.exponential(5e-3, 0.5, 1500), epochs,
        goal);
  }

  private AddingProblem plain() {
    return adding("adding-plain", Cell.PLAIN, WIDTH, EPOCHS, GOAL);
  }

  /** The adding problem as the gated network has it. */
  AddingProblem adding() {
    return adding("adding", cell, WIDTH, EPOCHS, GOAL);
  }

  @Override
  public Blueprint blueprint(long batch) {
    return language(WIDTH).blueprint(batch);
  }

  @Override
  public Blueprint checkBlueprint() {
    Blueprint sentences = language(7).blueprint(3);
    return new Blueprint(
        List.of(
            sentences.training().getFirst(),
            language(5).stateful(2, 4),
            adding("adding", cell, 5, 1, 0).blueprint(3, 6).training().getFirst()),
        sentences.inference());
  }

  @Override
  public long batch() {
    return Language.BATCH;
  }

  @Override
  public String checkpointName() {
    return languageName;
  }

  @Override
  public Values values() {
    return Values.uniform(Sentences.VOCABULARY, r -> 0.5 + r.nextDouble());
  }

  @Override
  public TrainResult train(TrainRequest request) throws IOException {
    DataSource.none(name(), request.data());
    Path resume = request.resume();
    if (resume != null && !Files.exists(resume.resolve("language"))) {
      throw new CheckpointException(resume, "holds no directory language/ with a checkpoint to resume from");
    }
    TrainResult sentences = language(WIDTH).trainOnSentences(request.part("language"), card());
    TrainResult stream = language(WIDTH).trainOnStream(request.part("stream"), streamName, card());
    TrainResult adding = adding().train(request.part("adding"));
    TrainResult plain = plain().train(request.part("adding-plain"));
    request.listener().note(
        String.format(
            Locale.ROOT,
            "perplexity over that of a perfect model: sentences %.4f, stateful on a text %.4f (bar %.2f); "
                + "adding: squared error %.5f, a plain network's %.4f (bar %.2f)",
            sentences.value(), stream.value(), BAR, adding.value(), plain.value(), AddingProblem.BAR));
    double seconds = sentences.seconds() + stream.seconds() + adding.seconds() + plain.seconds();
    TrainResult shown = !stream.passed() ? stream : !adding.passed() ? adding : sentences;
    if (shown.passed() && plain.passed()) {
      return new TrainResult(
          "squared_error_of_plain", plain.value(), AddingProblem.BAR, false, seconds, plain.checkpoint());
    }
    return new TrainResult(shown.metric(), shown.value(), shown.bar(), shown.passed(), seconds, shown.checkpoint());
  }

  @Override
  public List<Step> runSteps() {
    List<Step> all = new ArrayList<>(language(WIDTH).steps());
    all.add(language(WIDTH).sampling(SHOWN));
    all.addAll(adding().steps());
    all.addAll(plain().steps());
    return all;
  }

  /** Sentences, or sums of marked values, by the part whose checkpoint it is. */
  @Override
  public Map<String, Double> run(RunRequest request) throws IOException {
    DataSource.none(name(), request.data());
    String part = Checkpoint.describe(request.checkpoint()).model();
    for (AddingProblem p : List.of(adding(), plain())) {
      if (part.equals(p.checkpoint())) {
        return p.run(request, ZooModel::load);
      }
    }
    Language language = language(WIDTH);
    int count = request.countOr(SHOWN);
    try (ModelState state = load(
        request, part.equals(streamName) ? streamName : languageName, language.sampling(count))) {
      Sentences.show(language.sample(state, count, request.seed()), request);
    }
    return Map.of();
  }
}
