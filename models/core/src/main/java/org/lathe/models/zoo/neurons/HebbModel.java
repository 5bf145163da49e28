package org.lathe.models.zoo.neurons;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.lathe.compiler.op.ControlFlow;
import org.lathe.compiler.op.Tensor;
import org.lathe.hal.Dims;
import org.lathe.models.bench.StepWorkload.Values;
import org.lathe.models.data.Column;
import org.lathe.models.data.Dataset;
import org.lathe.models.data.Digits;
import org.lathe.models.data.Standardizer;
import org.lathe.models.nn.Initializer;
import org.lathe.models.nn.Module;
import org.lathe.models.nn.Parameter;
import org.lathe.models.train.Batches;
import org.lathe.models.train.BoundStep;
import org.lathe.models.train.EarlyStopping.Direction;
import org.lathe.models.train.Field;
import org.lathe.models.train.ModelState;
import org.lathe.models.train.Step;
import org.lathe.models.train.StepContext;
import org.lathe.models.train.Trainer;
import org.lathe.models.train.TrainingTask;
import org.lathe.models.zoo.model.Blueprint;
import org.lathe.models.zoo.model.Card;
import org.lathe.models.zoo.model.RunRequest;
import org.lathe.models.zoo.model.TrainRequest;
import org.lathe.models.zoo.model.TrainResult;
import org.lathe.models.zoo.model.ZooModel;
import org.lathe.models.zoo.parts.DataSource;
import org.lathe.models.linalg.LinearAlgebra;
import org.lathe.models.zoo.parts.PictureGrid;

/**
 * A neuron that learns by Hebb's rule (1949) with Oja's normalisation (1982): centred pictures x [batch, 784] to
 * activities [batch], {@code y = x w}, {@code w += rate y (x - y w)}, one example after the other. Its weight becomes the
 * data's first principal component, of length 1.
 *
 * <p>The bar is the cosine between the two, the component being computed in float64 on the host.
 */
final class HebbModel extends ZooModel {
  private static final int PIXELS = Digits.SIDE * Digits.SIDE;
  private static final int TRAIN = 10_000;
  private static final int BATCH = 100;
  private static final int EPOCHS = 8;
  private static final double RATE = 0.02;
  /** After so many batches the rate has halved. */
  private static final double HALF = 5;

  HebbModel() {
    super(
        new Card(
            "hebb", Neurons.FAMILY, "Hebb 1949; Oja 1982", "cosine", Direction.HIGHER, 0.99, "digits, or mnist:DIR"));
  }

  /** One linear neuron. Parameter: {@code weight} [in]. */
  private static final class Neuron extends Module {
    final Parameter weight;

    Neuron(long in) {
      weight = parameter("weight", Initializer.normal(1 / Math.sqrt(in)), in);
    }

    Tensor apply(Tensor x) {
      return x.matmul(weight.tensor());
    }

    /** Gives the mean squared distance of the examples from the weight's line, before each is learned. */
    Tensor learn(StepContext c, Tensor x) {
      Tensor rate = c.stepNumber().div(HALF).add(1).reciprocal().mul(RATE);
      ControlFlow.Scanned pass = ControlFlow.scan(
          List.of(weight.tensor()),
          List.of(x),
          (carries, elements) -> {
            Tensor w = carries.getFirst();
            Tensor y = elements.getFirst().mul(w).sum();
            Tensor rest = elements.getFirst().sub(w.mul(y));
            return new ControlFlow.Step(w.add(rest.mul(y.mul(rate))), rest.square().sum());
          });
      c.assign(weight, pass.carry());
      return pass.output().mean();
    }
  }

  private static Blueprint blueprint(long batch, long in) {
    Neuron neuron = new Neuron(in);
    List<Field> fields = List.of(Field.floats("x", batch, in));
    Step learn = Step.rule("learn", neuron, fields, "Oja's rule", c -> c.report("loss", neuron.learn(c, c.input("x"))));
    Step predict = Step.inference(
        "predict", neuron, fields, c -> c.report("activity", neuron.apply(c.input("x"))));
    return new Blueprint(List.of(learn), predict);
  }

  @Override
  public Blueprint blueprint(long batch) {
    return blueprint(batch, PIXELS);
  }

  @Override
  public Blueprint checkBlueprint() {
    return blueprint(5, 13);
  }

  @Override
  public long batch() {
    return BATCH;
  }

  @Override
  public Values values() {
    return Values.random(1);
  }

  @Override
  public TrainResult train(TrainRequest request) throws IOException {
    Dataset images = DataSource.digits(name(), request.data(), TRAIN, 1, request.seed(), BATCH, 1).train();
    Dataset data = centred(images, images);
    double[] component = component(data);
    Blueprint plan = blueprint(BATCH);
    try (ModelState state = new ModelState(request.lathe(), request.seed());
        BoundStep step = BoundStep.bind(plan.training().getFirst(), state)) {
      Trainer.Outcome outcome = Trainer.train(
          state,
          TrainingTask.over(
              step, new Batches(data, step, request.seed()), () -> Map.of("cosine", cosine(state, component))),
          request.options(name(), EPOCHS));
      float[] weight = state.array("weight").toFloats();
      float[] both = new float[2 * PIXELS];
      double sign = Math.signum(LinearAlgebra.dot(component, state.array("weight").toDoubles()));
      for (int i = 0; i < PIXELS; i++) {
        both[i] = weight[i];
        both[PIXELS + i] = (float) (sign * component[i]);
      }
      PictureGrid.writeSigned(request.out().resolve("weight-and-component.png"), both, Digits.SIDE, 2);
      double length = LinearAlgebra.norm(state.array("weight").toDoubles());
      request.listener().note(String.format(Locale.ROOT, "the weight's length is %.4f", length));
      return card().result(cosine(state, component), outcome.seconds(), outcome.checkpoint());
    }
  }

  /** Column {@code x} [784]: the pictures less the mean of {@code of}. */
  private static Dataset centred(Dataset images, Dataset of) {
    return flat(Standardizer.fit(of, "image").centring().apply(images));
  }

  private static Dataset flat(Dataset images) {
    float[] pixels = ((Column.Floats) images.column("image")).data();
    return new Dataset(
        images.name(), List.of(new Column.Floats("x", Dims.of(PIXELS), pixels)));
  }

  private static double[] component(Dataset centred) {
    float[] x = ((Column.Floats) centred.column("x")).data();
    double[][] rows = new double[centred.size()][PIXELS];
    for (int i = 0; i < x.length; i++) {
      rows[i / PIXELS][i % PIXELS] = x[i];
    }
    return LinearAlgebra.largest(LinearAlgebra.gram(rows), 4, 60).vectors()[0];
  }

  private static double cosine(ModelState state, double[] component) {
    double[] w = state.array("weight").toDoubles();
    return Math.abs(LinearAlgebra.dot(w, component)) / (LinearAlgebra.norm(w) * LinearAlgebra.norm(component));
  }

  /** The activity of the neuron for digits, and its weight as a picture. */
  @Override
  public Map<String, Double> run(RunRequest request) throws IOException {
    int count = request.countOr(BATCH);
    Dataset digits = DataSource.digitsToTest(name(), request.data(), count, request.seed());
    int[] labels = ((Column.Ints) digits.column("label")).data();
    Step step = blueprint(count).inference();
    double squares = 0;
    try (ModelState state = load(request, name(), step);
        BoundStep predict = BoundStep.bind(step, state)) {
      Path file = Files.createDirectories(request.out()).resolve("weight.png");
      PictureGrid.writeSigned(file, state.array("weight").toFloats(), Digits.SIDE, 1);
      request.found("picture", "the weight: " + file, "file", file.toString(), "count", 1);
      predict.input("x").write(((Column.Floats) centred(digits, digits).column("x")).data());
      predict.run();
      float[] activity = predict.report("activity").toFloats();
      for (int i = 0; i < count; i++) {
        squares += activity[i] * (double) activity[i];
        request.found(
            "prediction",
            String.format(Locale.ROOT, "picture %d, a %d: activity %.3f", i, labels[i], activity[i]),
            "index", i, "label", labels[i], "activity", activity[i]);
      }
    }
    return Map.of("variance", squares / count);
  }
}
