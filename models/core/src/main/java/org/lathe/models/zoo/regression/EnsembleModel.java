package org.lathe.models.zoo.regression;

import java.io.IOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;
import org.lathe.compiler.op.LossOps;
import org.lathe.compiler.op.Tensor;
import org.lathe.hal.DType;
import org.lathe.models.bench.StepWorkload.Values;
import org.lathe.models.data.Column;
import org.lathe.models.data.Dataset;
import org.lathe.models.data.Digits;
import org.lathe.models.data.TrainTest;
import org.lathe.models.nets.Mlp;
import org.lathe.models.nn.Initializer;
import org.lathe.models.nn.Linear;
import org.lathe.models.nn.Module;
import org.lathe.models.optim.Adam;
import org.lathe.models.optim.Schedule;
import org.lathe.models.train.Batches;
import org.lathe.models.train.BoundStep;
import org.lathe.models.train.EarlyStopping.Direction;
import org.lathe.models.train.Evaluation;
import org.lathe.models.train.Field;
import org.lathe.models.train.Group;
import org.lathe.models.train.ModelState;
import org.lathe.models.train.Step;
import org.lathe.models.train.Trainer;
import org.lathe.models.train.TrainingTask;
import org.lathe.models.zoo.model.Blueprint;
import org.lathe.models.zoo.model.Card;
import org.lathe.models.zoo.model.RunRequest;
import org.lathe.models.zoo.model.TrainRequest;
import org.lathe.models.zoo.model.TrainResult;
import org.lathe.models.zoo.model.ZooModel;
import org.lathe.models.zoo.parts.DataSource;
import org.lathe.models.zoo.parts.PicturePredictions;
import org.lathe.models.zoo.parts.Pictures;

/**
 * An ensemble of {@value #MEMBERS} perceptrons of digits, [batch, 1, 28, 28] to classes. Each member sees a bootstrap sample
 * of a small training set (bagging; Breiman 1996). Their probabilities are averaged, or they vote. Beside them learn one
 * trunk with as many heads, each on its member's sample, and one network with dropout, which is itself an ensemble of
 * networks that share weights (Srivastava et al. 2014). All learn in one compiled step.
 *
 * <p>The bar: the average is at least as accurate on held-out digits as its best member. The training fails too if dropout's
 * scaled weights are more than a point worse than the average over {@value #MASKS} drawn networks, which they stand for.
 */
final class EnsembleModel extends ZooModel {
  private static final int MEMBERS = 5;
  private static final long WIDTH = 48;
  private static final int TRAIN = 1_500;
  private static final int TEST = 2_000;
  private static final int BATCH = 50;
  private static final int EPOCHS = 12;
  static final int MASKS = 50;
  private static final double SCALING_BAR = 0.01;
  private static final int CLASSES = 10;
  private static final int SHOWN = 20;

  EnsembleModel() {
    super(
        new Card(
            "ensemble", Regression.FAMILY, "Breiman 1996; Srivastava et al. 2014", "gain_over_best", Direction.HIGHER,
            0,
            "digits, or mnist:DIR"));
  }

  /** All that learns. */
  private static final class Nets extends Module {
    final List<Mlp> members;
    private final Linear trunk;
    private final List<Linear> heads;
    final Mlp dropout;

    Nets(long in, long width) {
      List<Mlp> mlps = new ArrayList<>();
      List<Linear> linears = new ArrayList<>();
      for (int k = 0; k < MEMBERS; k++) {
        mlps.add(new Mlp(Tensor::relu, Initializer.he(), in, width, CLASSES));
        linears.add(new Linear(width, CLASSES));
      }
      members = children("member", mlps);
      trunk = child("trunk", new Linear(in, width, Initializer.he()));
      heads = children("head", linears);
      dropout = child("dropout", new Mlp(Tensor::relu, Initializer.he(), 0.5, false, in, 2 * width, CLASSES));
    }

    Tensor head(int k, Tensor x) {
      return heads.get(k).apply(trunk.apply(x).relu());
    }

    Tensor average(Tensor x) {
      return mean(members.stream().map(m -> m.apply(x).softmax(1)).toList());
    }

    Tensor heads(Tensor x) {
      List<Tensor> all = new ArrayList<>();
      for (int k = 0; k < MEMBERS; k++) {
        all.add(head(k, x).softmax(1));
      }
      return mean(all);
    }

    /** Votes of each class, [batch, 10]; where classes have as many, the average probability decides. */
    Tensor votes(Tensor x) {
      Tensor sum = average(x).mul(0.5);
      for (Mlp m : members) {
        sum = sum.add(m.apply(x).argMax(1).oneHot(CLASSES, DType.F32));
      }
      return sum;
    }

    private static Tensor mean(List<Tensor> all) {
      return all.stream().reduce(Tensor::add).orElseThrow().mul(1.0 / all.size());
    }
  }

  private static Tensor loss(Tensor logits, Tensor labels) {
    return LossOps.softmaxCrossEntropy(logits, labels).mean();
  }

  private static Tensor right(Tensor scores, Tensor labels) {
    return scores.argMax(1).equalTo(labels).cast(DType.F32);
  }

  private static Blueprint blueprint(long batch, long side, long width) {
    Nets nets = new Nets(side * side, width);
    List<Field> samples = new ArrayList<>();
    for (int k = 0; k < MEMBERS; k++) {
      samples.add(Field.floats("image." + k, batch, 1, side, side));
      samples.add(Field.ints("label." + k, batch));
    }
    Step train = Step.training(
        "train",
        nets,
        samples,
        c -> {
          Tensor sum = loss(nets.dropout.apply(c.input("image.0").flatten(1)), c.input("label.0"));
          for (int k = 0; k < MEMBERS; k++) {
            Tensor x = c.input("image." + k).flatten(1);
            Tensor label = c.input("label." + k);
            sum = sum.add(loss(nets.members.get(k).apply(x), label)).add(loss(nets.head(k, x), label));
          }
          c.minimize(sum, Group.of(nets, new Adam(Schedule.exponential(3e-3, 0.5, 150))));
          c.report("loss", sum);
        });
    Step predict = Step.inference(
        "predict",
        nets,
        List.of(Field.floats("image", batch, 1, side, side), Field.ints("label", batch)),
        c -> {
          Tensor x = c.input("image").flatten(1);
          Tensor label = c.input("label");
          for (int k = 0; k < MEMBERS; k++) {
            c.report("member_" + k, right(nets.members.get(k).apply(x), label));
          }
          c.report("average", right(nets.average(x), label));
          c.report("vote", right(nets.votes(x), label));
          c.report("heads", right(nets.heads(x), label));
          c.report("dropout", right(nets.dropout.apply(x), label));
        });
    return new Blueprint(List.of(train), predict);
  }

  /** The class probabilities of one drawn network of dropout's, other units being dropped in each run. */
  private static Step drawn(long batch) {
    Nets nets = new Nets((long) Digits.SIDE * Digits.SIDE, WIDTH);
    return Step.rule(
        "drawn",
        nets,
        List.of(Field.floats("image", batch, 1, Digits.SIDE, Digits.SIDE)),
        "nothing",
        c -> c.report("probabilities", nets.dropout.apply(c.input("image").flatten(1)).softmax(1)));
  }

  @Override
  public Blueprint blueprint(long batch) {
    return blueprint(batch, Digits.SIDE, WIDTH);
  }

  @Override
  public Blueprint checkBlueprint() {
    return blueprint(3, 5, 7);
  }

  @Override
  public long batch() {
    return BATCH;
  }

  @Override
  public Values values() {
    return Values.uniform(CLASSES, RandomGenerator::nextDouble);
  }

  /** As many examples as {@code data} has, drawn with replacement for each member: {@code image.k}, {@code label.k}. */
  private static Dataset bootstraps(Dataset data, long seed) {
    RandomGenerator random = new SplittableRandom(seed);
    List<Column> columns = new ArrayList<>();
    for (int k = 0; k < MEMBERS; k++) {
      Dataset sample = data.select(random.ints(data.size(), 0, data.size()).toArray());
      Column.Floats image = (Column.Floats) sample.column("image");
      Column.Ints label = (Column.Ints) sample.column("label");
      columns.add(new Column.Floats("image." + k, image.shape(), image.data()));
      columns.add(new Column.Ints("label." + k, label.shape(), label.data()));
    }
    return new Dataset(data.name() + ", bootstrapped", columns);
  }

  @Override
  public TrainResult train(TrainRequest request) throws IOException {
    TrainTest data = DataSource.digits(name(), request.data(), TRAIN, TEST, request.seed(), BATCH, BATCH);
    Dataset few = data.train().range(0, Math.min(TRAIN, data.train().size()));
    Blueprint plan = blueprint(BATCH);
    try (ModelState state = new ModelState(request.lathe(), request.seed());
        BoundStep step = BoundStep.bind(plan.training().getFirst(), state);
        BoundStep predict = BoundStep.bind(plan.inference(), state)) {
      Evaluation test = new Evaluation(predict, data.test());
      Batches batches = new Batches(bootstraps(few, request.seed()), step, request.seed());
      Trainer.Outcome outcome = Trainer.train(state, TrainingTask.over(step, batches, test::run),
          request.options(name(), EPOCHS));
      Map<String, Double> found = new LinkedHashMap<>(test.run());
      double best = 0;
      for (int k = 0; k < MEMBERS; k++) {
        best = Math.max(best, found.getOrDefault("member_" + k, Double.NaN));
      }
      found.put("dropout_drawn", drawnAccuracy(state, data.test()));
      List<String> lines = found.entrySet().stream()
          .map(e -> String.format(Locale.ROOT, "%-14s accuracy %.4f", e.getKey(), e.getValue())).toList();
      Files.write(request.out().resolve("members.txt"), lines);
      lines.forEach(request.listener()::note);
      double lost = found.getOrDefault("dropout_drawn", Double.NaN) - found.getOrDefault("dropout", Double.NaN);
      TrainResult result = card().result(
          found.getOrDefault("average", Double.NaN) - best, outcome.seconds(), outcome.checkpoint());
      return lost <= SCALING_BAR
          ? result
          : new TrainResult("lost_by_scaling", lost, SCALING_BAR, false, result.seconds(), result.checkpoint());
    }
  }

  /** The accuracy of the average over networks that dropout draws. Changes the state's random key of that step alone. */
  private static double drawnAccuracy(ModelState state, Dataset test) {
    float[] pixels = ((Column.Floats) test.column("image")).data();
    int[] labels = ((Column.Ints) test.column("label")).data();
    double[] sums = new double[labels.length * CLASSES];
    try (BoundStep step = BoundStep.bind(drawn(labels.length), state)) {
      step.input("image").write(pixels);
      for (int m = 0; m < MASKS; m++) {
        step.run();
        float[] p = step.report("probabilities").toFloats();
        for (int i = 0; i < sums.length; i++) {
          sums[i] += p[i];
        }
      }
    }
    int right = 0;
    for (int i = 0; i < labels.length; i++) {
      int best = 0;
      for (int k = 1; k < CLASSES; k++) {
        best = sums[i * CLASSES + k] > sums[i * CLASSES + best] ? k : best;
      }
      right += best == labels[i] ? 1 : 0;
    }
    return (double) right / labels.length;
  }

  private static Step averaging(long batch) {
    Nets nets = new Nets((long) Digits.SIDE * Digits.SIDE, WIDTH);
    return PicturePredictions.step(nets, Pictures.DIGITS, batch, image -> nets.average(image.flatten(1)));
  }

  /** Dropout's networks classify the whole test set at once: of data from files it may have another size. */
  @Override
  public List<Step> runSteps() {
    return List.of(drawn(TEST), averaging(Math.min(SHOWN, BATCH)));
  }

  /** Tells the class of digits that no training has seen, by the average of the members. */
  @Override
  public Map<String, Double> run(RunRequest request) throws IOException {
    Pictures.Labelled pictures = Pictures.DIGITS.loadTest(
        name(), request.data(), request.countOr(SHOWN), request.seed());
    return PicturePredictions.run(name(), request, pictures, BATCH, EnsembleModel::averaging);
  }
}
