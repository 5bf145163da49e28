package org.lathe.models.zoo.recurrent;

import java.io.IOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.lathe.compiler.op.LossOps;
import org.lathe.compiler.op.Tensor;
import org.lathe.hal.DType;
import org.lathe.hal.spec.Recurrence.Cell;
import org.lathe.models.bench.StepWorkload.Values;
import org.lathe.models.data.Column;
import org.lathe.models.data.Dataset;
import org.lathe.models.data.Reviews;
import org.lathe.models.nets.SequenceClassifier;
import org.lathe.models.optim.Adam;
import org.lathe.models.optim.Clipping;
import org.lathe.models.optim.Schedule;
import org.lathe.models.train.Batches;
import org.lathe.models.train.BoundStep;
import org.lathe.models.train.Buckets;
import org.lathe.models.train.EarlyStopping.Direction;
import org.lathe.models.train.EarlyStopping;
import org.lathe.models.train.Evaluation;
import org.lathe.models.train.Field;
import org.lathe.models.train.Group;
import org.lathe.models.train.ModelState;
import org.lathe.models.train.Step;
import org.lathe.models.train.Trainer;
import org.lathe.models.zoo.model.Blueprint;
import org.lathe.models.zoo.model.Card;
import org.lathe.models.zoo.model.RunRequest;
import org.lathe.models.zoo.model.TrainRequest;
import org.lathe.models.zoo.model.TrainResult;
import org.lathe.models.zoo.model.ZooModel;
import org.lathe.models.zoo.parts.DataSource;

/**
 * Many to one: whether a review praises or blames. Tokens i32 [batch, steps] with their lengths to logits [batch, 2], from
 * what an LSTM ends with; reviews of like length share a batch, padding is masked.
 *
 * <p>It differs from the paper in the cell and the data: the reviews are made.
 */
final class SentimentModel extends ZooModel {
  private static final long BATCH = 64;
  private static final double BAR = 0.95;
  private static final int EPOCHS = 8;
  private static final double GOAL = 0.999;
  private static final int TRAIN = 12_800;
  private static final int[] BUCKETS = {6, 11, Reviews.STEPS};
  private static final int SHOWN = 10;
  private static final int WIDTH = 32;

  SentimentModel() {
    super(
        new Card(
            "sentiment", RecurrentNetworks.FAMILY, "Socher et al. 2013; Tang, Qin and Liu 2015", "accuracy",
            Direction.HIGHER, BAR, "grammar: reviews"));
  }

  private static SequenceClassifier net(long width) {
    return new SequenceClassifier(Cell.LSTM, Reviews.vocabulary().size(), width, width, 1, 2);
  }

  private static List<Field> fields(long batch, long steps) {
    return List.of(Field.ints("x", batch, steps), Field.ints("length", batch), Field.ints("label", batch));
  }

  private static Step training(SequenceClassifier net, long batch, long steps) {
    return Step.training(
        "train",
        net,
        fields(batch, steps),
        c -> {
          Tensor logits = net.apply(c.input("x"), c.input("length"));
          Tensor loss = LossOps.softmaxCrossEntropy(logits, c.input("label")).mean();
          Adam adam = new Adam(Schedule.exponential(5e-3, 0.5, 800));
          c.minimize(loss, Group.of(net, adam).clipped(Clipping.byGlobalNorm(1)));
          c.report("loss", loss);
        });
  }

  private static Step predicting(SequenceClassifier net, long batch, long steps) {
    return Step.inference(
        "predict",
        net,
        fields(batch, steps),
        c -> {
          Tensor logits = net.apply(c.input("x"), c.input("length"));
          c.report("accuracy", logits.argMax(1).equalTo(c.input("label")).cast(DType.F32));
          c.report("praise", logits.softmax(1).at(1, 1));
        });
  }

  private static Blueprint blueprint(long width, long batch, long steps) {
    SequenceClassifier net = net(width);
    return new Blueprint(List.of(training(net, batch, steps)), predicting(net, batch, steps));
  }

  @Override
  public Blueprint blueprint(long batch) {
    return blueprint(WIDTH, batch, Reviews.STEPS);
  }

  @Override
  public Blueprint checkBlueprint() {
    return blueprint(5, 3, 4);
  }

  @Override
  public long batch() {
    return BATCH;
  }

  @Override
  public Values values() {
    return SequenceValues.of(2);
  }

  @Override
  public TrainResult train(TrainRequest request) throws IOException {
    DataSource.none(name(), request.data());
    long seed = request.seed();
    try (ModelState state = new ModelState(request.lathe(), seed);
        BoundStep predict = BoundStep.bind(predicting(net(WIDTH), BATCH, Reviews.STEPS), state);
        Buckets buckets = buckets(state, new Evaluation(predict, Reviews.of(1000, seed + 1)), seed)) {
      Trainer.Outcome outcome = Trainer.train(
          state,
          buckets,
          request.options(name(), EPOCHS)
              .withStopping(EarlyStopping.of("accuracy", Direction.HIGHER, EPOCHS).withGoal(GOAL)));
      Dataset test = Reviews.of(2000, seed + 2);
      List<String> lines = new ArrayList<>();
      each(predict, test, SHOWN, (index, text, label, praise) -> lines.add(line(text, label, praise)));
      Files.write(request.out().resolve("reviews.txt"), lines);
      request.listener().note(lines.getFirst());
      return card().result(accuracy(new Evaluation(predict, test)), outcome.seconds(), outcome.checkpoint());
    }
  }

  private static Buckets buckets(ModelState state, Evaluation validation, long seed) {
    return Buckets.bind(
        Arrays.stream(BUCKETS).mapToObj(length -> training(net(WIDTH), BATCH, length)).toList(),
        Buckets.split(Reviews.of(TRAIN, seed), "length", BUCKETS),
        state,
        seed,
        () -> Map.of("accuracy", accuracy(validation)));
  }

  private static double accuracy(Evaluation evaluation) {
    return evaluation.run().getOrDefault("accuracy", Double.NaN);
  }

  /** Called with each review, its label, and the probability that it praises. */
  @FunctionalInterface
  private interface Visitor {
    void at(int index, String text, int label, float praise);
  }

  private static void each(BoundStep predict, Dataset data, int count, Visitor visitor) {
    int[] x = ((Column.Ints) data.column("x")).data();
    int[] lengths = ((Column.Ints) data.column("length")).data();
    int[] labels = ((Column.Ints) data.column("label")).data();
    Batches batches = new Batches(data, predict, 0);
    for (int first = 0; first < count; first += batches.batchSize()) {
      int valid = Math.min(count - first, batches.fillInOrder(first));
      predict.run();
      float[] praise = predict.report("praise").toFloats();
      for (int i = first; i < first + valid; i++) {
        List<Integer> words = Arrays.stream(x, i * Reviews.STEPS, i * Reviews.STEPS + lengths[i]).boxed().toList();
        visitor.at(i, Reviews.vocabulary().text(words), labels[i], praise[i - first]);
      }
    }
  }

  private static String line(String text, int label, float praise) {
    return String.format(
        Locale.ROOT, "%s: %s, praise with probability %.3f", text, label == 1 ? "praise" : "blame", praise);
  }

  @Override
  public List<Step> runSteps() {
    List<Step> all = new ArrayList<>(List.of(predicting(net(WIDTH), SHOWN, Reviews.STEPS)));
    for (int length : BUCKETS) {
      all.add(training(net(WIDTH), BATCH, length));
    }
    return all;
  }

  /** Judges reviews that no training has seen. */
  @Override
  public Map<String, Double> run(RunRequest request) throws IOException {
    DataSource.none(name(), request.data());
    int count = request.countOr(SHOWN);
    Step step = predicting(net(WIDTH), Math.min(count, BATCH), Reviews.STEPS);
    boolean[] right = new boolean[count];
    try (ModelState state = load(request, name(), step);
        BoundStep predict = BoundStep.bind(step, state)) {
      each(
          predict,
          Reviews.of(count, request.seed() + 3),
          count,
          (index, text, label, praise) -> {
            right[index] = praise > 0.5 == (label == 1);
            request.found(
                "prediction", line(text, label, praise),
                "index", index, "text", text, "label", label, "praise", praise);
          });
    }
    int sum = 0;
    for (boolean r : right) {
      sum += r ? 1 : 0;
    }
    return Map.of("accuracy", sum / (double) count);
  }
}
