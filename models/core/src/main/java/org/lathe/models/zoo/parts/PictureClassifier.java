package org.lathe.models.zoo.parts;

import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.lathe.compiler.op.LossOps;
import org.lathe.compiler.op.Tensor;
import org.lathe.hal.DType;
import org.lathe.models.attack.Attack;
import org.lathe.models.bench.StepWorkload.Values;
import org.lathe.models.data.Dataset;
import org.lathe.models.nn.Layer;
import org.lathe.models.nn.Module;
import org.lathe.models.optim.Optimizer;
import org.lathe.models.train.Batches;
import org.lathe.models.train.BoundStep;
import org.lathe.models.train.EarlyStopping.Direction;
import org.lathe.models.train.EarlyStopping;
import org.lathe.models.train.EpochRecord;
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
 * Classifiers of pictures: [batch, channels, side, side] to logits [batch, classes], cross-entropy.
 *
 * <p>The epochs are judged on a validation set, the last tenth of what there is to train on; the best one's parameters are
 * then measured on a test set that nothing was chosen by. The run's directory gets the confusion matrix, a grid of test
 * pictures in rows of what they were taken for, and the filters of the first convolution.
 */
public final class PictureClassifier extends ZooModel {
  private static final int TEST = 2_000;
  private static final double VALIDATION = 0.1;
  private static final int PATIENCE = 4;
  private static final int SHOWN = 20;

  private final Parts parts;

  /**
   * What one classifier is made of.
   *
   * @param make a fresh network
   * @param prepare from [batch, channels, side, side] in 0..1 to what the network takes
   * @param train how many pictures are made to train on, those to validate included
   * @param goal the accuracy on the validation set at which the training ends at once; NaN for none
   * @param check what is checked in the oracle in its place; null for the classifier itself
   */
  public record Parts(
      Pictures pictures,
      Supplier<Net> make,
      Function<Tensor, Tensor> prepare,
      Head head,
      Optimizer optimizer,
      int batch,
      int epochs,
      int train,
      double goal,
      @Nullable Check check) {
    /** With a softmax over the classes. */
    public Parts(
        Pictures pictures, Supplier<Net> make, Function<Tensor, Tensor> prepare, Optimizer optimizer, int batch,
        int epochs) {
      this(pictures, make, prepare, Head.SOFTMAX, optimizer, batch, epochs, 20_000, Double.NaN, null);
    }

    public Parts with(Optimizer other) {
      return new Parts(pictures, make, prepare, head, other, batch, epochs, train, goal, check);
    }

    public Parts with(Head other) {
      return new Parts(pictures, make, prepare, other, optimizer, batch, epochs, train, goal, check);
    }

    public Parts with(Check other) {
      return new Parts(pictures, make, prepare, head, optimizer, batch, epochs, train, goal, other);
    }

    public Parts withTrain(int count) {
      return new Parts(pictures, make, prepare, head, optimizer, batch, epochs, count, goal, check);
    }

    public Parts withGoal(double accuracy) {
      return new Parts(pictures, make, prepare, head, optimizer, batch, epochs, train, accuracy, check);
    }
  }

  /** A smaller network of the same kind, on smaller pictures. */
  public record Check(Pictures pictures, Supplier<Net> make) {}

  /** What the network's outputs [batch, classes] mean. */
  public enum Head {
    /** One of the classes. */
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
    /** A question for each class, on its own: is it this class or any other? */
    SIGMOID {
      @Override
      Tensor loss(Tensor logits, Tensor labels) {
        return LossOps.sigmoidCrossEntropy(logits, labels.oneHot(logits.dim(1), DType.F32)).sum(1);
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
  public PictureClassifier(String name, String family, String paper, double bar, Parts parts) {
    super(new Card(name, family, paper, "accuracy", Direction.HIGHER, bar, parts.pictures().accepted()));
    this.parts = parts;
  }

  @Override
  public Blueprint blueprint(long batch) {
    return blueprint(parts.make().get(), parts.pictures(), batch);
  }

  @Override
  public Blueprint checkBlueprint() {
    Check check = parts.check();
    return check == null ? super.checkBlueprint() : blueprint(check.make().get(), check.pictures(), 3);
  }

  private Blueprint blueprint(Net net, Pictures pictures, long batch) {
    List<Field> fields = List.of(pictures.field(batch), Field.ints("label", batch));
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
    return Values.uniform(parts.pictures().classes(), RandomGenerator::nextDouble);
  }

  @Override
  public TrainResult train(TrainRequest request) throws IOException {
    return fit(request).result();
  }

  /**
   * A training's result and how it went.
   *
   * @param history one record for each epoch
   */
  public record Trained(TrainResult result, List<EpochRecord> history) {}

  /** As {@link #train}, with the history. */
  public Trained fit(TrainRequest request) throws IOException {
    Pictures.Labelled pictures = parts.pictures().load(
        name(), request.data(), parts.train(), TEST, request.seed(), (int) Math.ceil(parts.batch() / VALIDATION), 1);
    Dataset train = pictures.data().train();
    int held = (int) (VALIDATION * train.size());
    int rest = train.size() - held;
    Blueprint plan = blueprint(batch());
    try (ModelState state = new ModelState(request.lathe(), request.seed());
        BoundStep step = BoundStep.bind(plan.training().getFirst(), state);
        BoundStep predict = BoundStep.bind(plan.inference(), state)) {
      Evaluation validation = new Evaluation(predict, train.range(rest, rest + held));
      Trainer.Outcome outcome = Trainer.train(
          state,
          TrainingTask.over(
              step,
              new Batches(train.range(0, rest), step, request.seed()),
              () -> Map.of("accuracy", accuracy(validation))),
          request.options(name(), parts.epochs())
              .withStopping(EarlyStopping.of("accuracy", Direction.HIGHER, PATIENCE).withGoal(parts.goal())));
      try (BoundStep probabilities = BoundStep.bind(predicting(parts.batch()), state)) {
        PicturePredictions.write(request.out(), probabilities, pictures.data().test(), pictures.classes());
      }
      PictureGrid.writeFilters(request.out().resolve("filters.png"), plan.inference().model(), state);
      double accuracy = accuracy(new Evaluation(predict, pictures.data().test()));
      return new Trained(
          card().result(accuracy, outcome.seconds(), outcome.checkpoint()), outcome.history());
    }
  }

  /** Tells the class of pictures that no training has seen. */
  @Override
  public Map<String, Double> run(RunRequest request) throws IOException {
    Pictures.Labelled pictures = parts.pictures().loadTest(
        name(), request.data(), request.countOr(SHOWN), request.seed());
    return PicturePredictions.run(name(), request, pictures, parts.batch(), this::predicting);
  }

  @Override
  public List<Step> runSteps() {
    return Stream.of(Math.min(SHOWN, parts.batch()), parts.batch()).distinct().map(this::predicting).toList();
  }

  private Step predicting(long batch) {
    Net net = parts.make().get();
    return PicturePredictions.step(
        net.module(), parts.pictures(), batch,
        image -> parts.head().probabilities(net.layer().apply(parts.prepare().apply(image))));
  }

  /**
   * An inference on {@code image} and {@code label} that reports, under each attack's name, which pictures are told rightly
   * although they were changed to mislead this classifier; see {@link AttackedPictures#step}.
   */
  public Step attacked(long batch, Map<String, Attack> attacks) {
    Net net = parts.make().get();
    Layer logits = image -> net.layer().apply(parts.prepare().apply(image));
    Map<String, AttackedPictures.Trial> trials = new LinkedHashMap<>();
    attacks.forEach((name, attack) -> trials.put(name, new AttackedPictures.Trial(attack, logits)));
    return AttackedPictures.step("attacked", net.module(), parts.pictures(), batch, trials);
  }

  private static double accuracy(Evaluation evaluation) {
    return evaluation.run().getOrDefault("accuracy", Double.NaN);
  }
}
