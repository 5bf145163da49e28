package org.lathe.models.zoo.parts;

import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;
import java.util.stream.Stream;
import org.lathe.compiler.op.LossOps;
import org.lathe.compiler.op.Tensor;
import org.lathe.hal.DType;
import org.lathe.models.bench.StepWorkload.Values;
import org.lathe.models.data.Dataset;
import org.lathe.models.data.Digits;
import org.lathe.models.data.TrainTest;
import org.lathe.models.nn.Layer;
import org.lathe.models.nn.Module;
import org.lathe.models.optim.Optimizer;
import org.lathe.models.train.Batches;
import org.lathe.models.train.BoundStep;
import org.lathe.models.train.EarlyStopping.Direction;
import org.lathe.models.train.EarlyStopping;
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

/**
 * Classifiers of digits: pictures [batch, 1, 28, 28] to logits [batch, 10], cross-entropy.
 *
 * <p>The epochs are judged on a validation set; the best one's parameters are then measured on a test set that nothing was
 * chosen by. With {@code mnist:DIR} the last tenth of the training file is the validation set.
 */
public final class DigitClassifier extends ZooModel {
  private static final int TRAIN = 20_000;
  private static final int TEST = 2_000;
  private static final double VALIDATION = 0.1;
  private static final int PATIENCE = 4;
  private static final int CLASSES = 10;
  private static final int SHOWN = 20;

  private final Parts parts;

  /**
   * What one classifier is made of.
   *
   * @param make a fresh network
   * @param prepare from [batch, 1, 28, 28] to what the network takes
   */
  public record Parts(
      Supplier<Net> make, Function<Tensor, Tensor> prepare, Head head, Optimizer optimizer, int batch, int epochs) {
    /** With a softmax over the classes. */
    public Parts(
        Supplier<Net> make, Function<Tensor, Tensor> prepare, Optimizer optimizer, int batch, int epochs) {
      this(make, prepare, Head.SOFTMAX, optimizer, batch, epochs);
    }

    public Parts with(Optimizer other) {
      return new Parts(make, prepare, head, other, batch, epochs);
    }
  }

  /** What the network's outputs [batch, 10] mean. */
  public enum Head {
    /** One of ten classes. */
    SOFTMAX {
      @Override
      Tensor loss(Tensor logits, Tensor labels) {
        return LossOps.softmaxCrossEntropy(logits, labels);
      }

      @Override
      Tensor probabilities(Tensor logits) {
        return logits.softmax(1);
      }
    },
    /** Ten questions, each on its own: is it this class or any other? */
    SIGMOID {
      @Override
      Tensor loss(Tensor logits, Tensor labels) {
        return LossOps.sigmoidCrossEntropy(logits, labels.oneHot(CLASSES, DType.F32)).sum(1);
      }

      @Override
      Tensor probabilities(Tensor logits) {
        return logits.sigmoid();
      }
    };

    /** Of each example, [batch]. */
    abstract Tensor loss(Tensor logits, Tensor labels);

    abstract Tensor probabilities(Tensor logits);
  }

  /** One network, seen as what owns parameters and as what is applied. */
  public record Net(Module module, Layer layer) {
    public static <M extends Module & Layer> Net of(M module) {
      return new Net(module, module);
    }
  }

  /**
   * @param family of the zoo
   * @param bar least accuracy
   */
  public DigitClassifier(String name, String family, String paper, double bar, Parts parts) {
    super(new Card(name, family, paper, "accuracy", Direction.HIGHER, bar, "digits, or mnist:DIR"));
    this.parts = parts;
  }

  @Override
  public Blueprint blueprint(long batch) {
    Net net = parts.make().get();
    List<Field> fields = List.of(Field.floats("image", batch, 1, Digits.SIDE, Digits.SIDE), Field.ints("label", batch));
    Function<Tensor, Tensor> logits = image -> net.layer().apply(parts.prepare().apply(image));
    Step training = Step.training(
        "train",
        net.module(),
        fields,
        c -> {
          Tensor loss = parts.head().loss(logits.apply(c.input("image")), c.input("label")).mean();
          c.minimize(loss, Group.of(net.module(), parts.optimizer()));
          c.report("loss", loss);
        });
    Step inference = Step.inference(
        "predict",
        net.module(),
        fields,
        c -> {
          Tensor y = logits.apply(c.input("image"));
          c.report("loss", parts.head().loss(y, c.input("label")));
          c.report("accuracy", y.argMax(1).equalTo(c.input("label")).cast(DType.F32));
        });
    return new Blueprint(List.of(training), inference);
  }

  @Override
  public long batch() {
    return parts.batch();
  }

  @Override
  public Values values() {
    return Values.uniform(10, RandomGenerator::nextDouble);
  }

  @Override
  public TrainResult train(TrainRequest request) throws IOException {
    TrainTest data = DataSource.digits(
        name(), request.data(), TRAIN, TEST, request.seed(), (int) Math.ceil(parts.batch() / VALIDATION),
        parts.batch());
    int held = (int) (VALIDATION * data.train().size());
    int rest = data.train().size() - held;
    Blueprint plan = blueprint(batch());
    try (ModelState state = new ModelState(request.lathe(), request.seed());
        BoundStep step = BoundStep.bind(plan.training().getFirst(), state);
        BoundStep predict = BoundStep.bind(plan.inference(), state)) {
      Evaluation validation = new Evaluation(predict, data.train().range(rest, rest + held));
      Trainer.Outcome outcome = Trainer.train(
          state,
          TrainingTask.over(
              step,
              new Batches(data.train().range(0, rest), step, request.seed()),
              () -> Map.of("accuracy", accuracy(validation))),
          request.options(name(), parts.epochs())
              .withStopping(EarlyStopping.of("accuracy", Direction.HIGHER, PATIENCE)));
      try (BoundStep probabilities = BoundStep.bind(predicting(parts.batch()), state)) {
        DigitPredictions.confusion(probabilities, data.test()).write(request.out().resolve("confusion.txt"));
      }
      return card().result(accuracy(new Evaluation(predict, data.test())), outcome.seconds(), outcome.checkpoint());
    }
  }

  /** Tells the class of digits that no training has seen. */
  @Override
  public Map<String, Double> run(RunRequest request) throws IOException {
    int count = request.countOr(SHOWN);
    Dataset data = DataSource.digitsToTest(name(), request.data(), count, request.seed());
    Step step = predicting(Math.min(count, parts.batch()));
    try (ModelState state = load(request, name(), step);
        BoundStep predict = BoundStep.bind(step, state)) {
      return DigitPredictions.show(predict, data, request);
    }
  }

  @Override
  public List<Step> runSteps() {
    return Stream.of(Math.min(SHOWN, parts.batch()), parts.batch()).distinct().map(this::predicting).toList();
  }

  private Step predicting(long batch) {
    Net net = parts.make().get();
    return DigitPredictions.step(
        net.module(), batch, image -> parts.head().probabilities(net.layer().apply(parts.prepare().apply(image))));
  }

  private static double accuracy(Evaluation evaluation) {
    return evaluation.run().getOrDefault("accuracy", Double.NaN);
  }
}
