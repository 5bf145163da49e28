package org.lathe.models.zoo.regression;

import java.io.IOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.lathe.compiler.op.Tensor;
import org.lathe.models.bench.StepWorkload.Values;
import org.lathe.models.nets.Mlp;
import org.lathe.models.nn.Initializer;
import org.lathe.models.optim.AdaGrad;
import org.lathe.models.optim.Adam;
import org.lathe.models.optim.Optimizer;
import org.lathe.models.optim.RmsProp;
import org.lathe.models.optim.Schedule;
import org.lathe.models.optim.Sgd;
import org.lathe.models.train.Checkpoint;
import org.lathe.models.train.EarlyStopping.Direction;
import org.lathe.models.train.Step;
import org.lathe.models.zoo.model.Blueprint;
import org.lathe.models.zoo.model.Card;
import org.lathe.models.zoo.model.RunRequest;
import org.lathe.models.zoo.model.TrainRequest;
import org.lathe.models.zoo.model.TrainResult;
import org.lathe.models.zoo.model.ZooModel;
import org.lathe.models.zoo.parts.PictureClassifier;
import org.lathe.models.zoo.parts.Pictures;

/**
 * A multilayer perceptron (Rumelhart, Hinton and Williams 1986) on digits: 784-256-128-10, ReLU, batch norm and dropout;
 * see {@link Mlp}. It is trained by Adam, and again, each time from the same start and in a directory of its own, by
 * stochastic gradient descent with momentum, AdaGrad and RMSProp.
 *
 * <p>The bar is the least accuracy on held-out digits of the four.
 */
final class MlpModel extends ZooModel {
  private static final String NAME = "mlp";
  private static final String PAPER = "Rumelhart, Hinton and Williams 1986";
  private static final double BAR = 0.97;
  private static final int SHORT_EPOCHS = 4;

  /** The classifiers by the name of their optimiser; the first is the model's own. */
  private final Map<String, PictureClassifier> classifiers = new LinkedHashMap<>();

  MlpModel() {
    super(new Card(NAME, Regression.FAMILY, PAPER, "accuracy", Direction.HIGHER, BAR, "digits, or mnist:DIR"));
    classifiers.put(NAME, classifier(NAME, new Adam(decaying(2e-3)), 8));
    add("sgd", new Sgd(decaying(0.1), 0.9, false));
    add("adagrad", new AdaGrad(0.02));
    add("rmsprop", new RmsProp(decaying(2e-3), 0.99, 1e-8));
  }

  private static Schedule decaying(double rate) {
    return Schedule.exponential(rate, 0.5, 500);
  }

  private void add(String name, Optimizer optimizer) {
    classifiers.put(name, classifier(NAME + "/" + name, optimizer, SHORT_EPOCHS));
  }

  private static PictureClassifier classifier(String name, Optimizer optimizer, int epochs) {
    return new PictureClassifier(
        name,
        Regression.FAMILY,
        PAPER,
        BAR,
        new PictureClassifier.Parts(
            Pictures.DIGITS,
            () -> PictureClassifier.Net.of(new Mlp(Tensor::relu, Initializer.he(), 0.2, true, 784, 256, 128, 10)),
            x -> x.flatten(1),
            optimizer,
            128,
            epochs));
  }

  private PictureClassifier own() {
    return classifiers.values().iterator().next();
  }

  @Override
  public Blueprint blueprint(long batch) {
    return own().blueprint(batch);
  }

  @Override
  public long batch() {
    return own().batch();
  }

  @Override
  public Values values() {
    return own().values();
  }

  @Override
  public TrainResult train(TrainRequest request) throws IOException {
    List<TrainResult> results = new ArrayList<>();
    List<String> lines = new ArrayList<>();
    for (Map.Entry<String, PictureClassifier> e : classifiers.entrySet()) {
      boolean own = e.getKey().equals(NAME);
      TrainResult r = e.getValue().train(own ? request : request.part(e.getKey()));
      results.add(r);
      lines.add(
          String.format(Locale.ROOT, "%-8s  accuracy %.4f, %.1f s", own ? "adam" : e.getKey(), r.value(), r.seconds()));
    }
    Files.write(request.out().resolve("optimizers.txt"), lines);
    lines.forEach(request.listener()::note);
    double least = results.stream().mapToDouble(TrainResult::value).min().orElseThrow();
    double seconds = results.stream().mapToDouble(TrainResult::seconds).sum();
    return card().result(least, seconds, results.getFirst().checkpoint());
  }

  /** The networks are alike, so that only the other optimisers' steps are to be added to the own one's. */
  @Override
  public List<Step> runSteps() {
    List<Step> steps = new ArrayList<>(own().runSteps());
    classifiers.values().stream().skip(1).forEach(c -> steps.addAll(c.blueprint(batch()).training()));
    return steps;
  }

  /** Tells the class of digits that no training has seen, by the optimiser whose checkpoint it is. */
  @Override
  public Map<String, Double> run(RunRequest request) throws IOException {
    String name = Checkpoint.describe(request.checkpoint()).model();
    for (PictureClassifier c : classifiers.values()) {
      if (c.name().equals(name)) {
        return c.run(request);
      }
    }
    return own().run(request);
  }
}
