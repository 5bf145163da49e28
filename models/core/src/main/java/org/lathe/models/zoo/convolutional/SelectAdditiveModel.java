package org.lathe.models.zoo.convolutional;

import java.io.IOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;
import java.util.random.RandomGenerator;
import org.lathe.compiler.op.LossOps;
import org.lathe.compiler.op.Tensor;
import org.lathe.hal.DType;
import org.lathe.hal.Dims;
import org.lathe.models.bench.StepWorkload.Values;
import org.lathe.models.data.Dataset;
import org.lathe.models.data.Shapes;
import org.lathe.models.data.TrainTest;
import org.lathe.models.nets.ResNet;
import org.lathe.models.nets.ResidualTrunk;
import org.lathe.models.nn.ConvNorm;
import org.lathe.models.nn.Forward;
import org.lathe.models.nn.Initializer;
import org.lathe.models.nn.Linear;
import org.lathe.models.nn.Module;
import org.lathe.models.optim.Adam;
import org.lathe.models.optim.Schedule;
import org.lathe.models.train.Batches;
import org.lathe.models.train.BoundStep;
import org.lathe.models.train.BoundSteps;
import org.lathe.models.train.EarlyStopping.Direction;
import org.lathe.models.train.Evaluation;
import org.lathe.models.train.Field;
import org.lathe.models.train.Group;
import org.lathe.models.train.ModelState;
import org.lathe.models.train.Phases;
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
import org.lathe.models.zoo.parts.PictureGrid;
import org.lathe.models.zoo.parts.PicturePredictions;
import org.lathe.models.zoo.parts.Pictures;

/**
 * Select-additive learning (Wang, Meghawat, Morency and Xing 2017) on pictures [batch, 3, 32, 32] whose colour nearly always
 * tells their figure in training, and does not when it counts. First a plain network learns, of two modalities: a
 * {@link ResidualTrunk} sees the picture in grey and gives 64 features; a 1x1 convolution sees what is left, the colours, and
 * gives 16 more; from this representation [batch, 80] a linear head gives logits [batch, 10]. Selection: from the colour a
 * sparse linear map [7, 80] learns to predict the representation, which finds the part of it that the confounder explains.
 * Addition: a second head learns from the frozen representation with Gaussian noise added, {@value #NOISE} times as large as
 * that part; beside it, for comparison, a third one learns as long without noise.
 *
 * <p>What a head loses is its accuracy on pictures coloured as in training less that on the same figures in any colour. The
 * metric is how much of the plain network's loss the second head avoids; the bar of a quarter was set before this was
 * measured. The training fails too if the second head is not the best of the three on pictures of any colour. Most of what
 * is avoided comes from learning a head anew on a frozen representation: with seed 1 the third head avoids 0.32 without
 * noise, the second one 0.39.
 *
 * <p>It differs from the paper in the form and the colour of pictures instead of the words, voices and faces of speakers, and
 * in a second map beside the sparse one, which takes what the figure explains: where colours nearly tell the figure, noise
 * along all that goes with a colour would drown the figure too. And a picture's noise lies along its colour's part as a
 * whole, with one draw instead of one for each feature, out of which a linear head would average it.
 */
final class SelectAdditiveModel extends ZooModel {
  private static final int SIDE = 32;
  private static final double TIED = 0.85;
  private static final double BAR = 0.25;
  private static final long OWN_DATA = 0x5a1;
  private static final int BATCH = 64;
  private static final int PLAIN_EPOCHS = 4;
  private static final int SELECT_EPOCHS = 2;
  private static final int ADD_EPOCHS = 4;
  private static final double SPARSITY = 0.01;
  static final double NOISE = 4;
  private static final int SHOWN = 20;

  private static final int TRAIN = 6_400;
  private static final int HELD = 1_000;
  private static final int TEST = 2_000;

  SelectAdditiveModel() {
    super(
        new Card(
            "select-additive", Convolutional.FAMILY, "Wang, Meghawat, Morency and Xing 2017", "loss_avoided",
            Direction.HIGHER, BAR, "shapes"));
  }

  /** What the confounder says of the representation, [batch] to [batch, features]. */
  private static final class Confounder extends Module {
    private final Linear map;
    private final Linear figures;
    private final long colours;
    private final long classes;

    Confounder(long colours, long classes, long features) {
      this.colours = colours;
      this.classes = classes;
      map = child("map", new Linear(colours, features, Initializer.ZEROS));
      figures = child("figures", new Linear(classes, features, Initializer.ZEROS));
    }

    Tensor part(Tensor colour) {
      return colour.oneHot(colours, DType.F32).matmul(map.weight().tensor());
    }

    /** The colour's part and the figure's. */
    Tensor predict(Tensor colour, Tensor label) {
      return map.apply(colour.oneHot(colours, DType.F32)).add(figures.apply(label.oneHot(classes, DType.F32)));
    }

    /** The sum of the map's magnitudes. */
    Tensor size() {
      return map.weight().tensor().abs().sum();
    }
  }

  /** Two modalities, each with a network of its own, side by side. */
  private static final class Plain extends Module {
    private static final long COLOUR_FEATURES = 16;

    private final ResidualTrunk form;
    private final ConvNorm colour;
    private final Linear head;

    Plain(ResNet.Options options) {
      form = child("form", new ResidualTrunk(options));
      colour = child("colour", new ConvNorm(3, COLOUR_FEATURES, 1, 1));
      head = child("head", new Linear(features(), options.classes()));
    }

    long features() {
      return form.channels() + COLOUR_FEATURES;
    }

    Tensor represent(Tensor image) {
      Tensor x = Convolutional.centred(image);
      Tensor grey = x.keepAxes(x.mean(1), 1);
      Tensor forms = form.apply(grey.broadcastTo(x.shape())).mean(2, 3);
      return Tensor.concat(1, forms, colour.apply(x.sub(grey)).relu().mean(2, 3));
    }
  }

  private static final class Net extends Module {
    private final Plain plain;
    private final Confounder confounder;
    private final Linear robust;
    private final Linear control;

    Net(ResNet.Options options, long colours) {
      plain = child("plain", new Plain(options));
      confounder = child("confounder", new Confounder(colours, options.classes(), plain.features()));
      robust = child("robust", new Linear(plain.features(), options.classes()));
      control = child("control", new Linear(plain.features(), options.classes()));
    }

    Tensor frozen(Tensor image) {
      return Forward.current().inferring(() -> plain.represent(image)).stopGradient();
    }

    Tensor robust(Tensor image) {
      return robust.apply(frozen(image));
    }
  }

  private static Net net() {
    return new Net(options(Shapes.classes().size(), 16, 2, 2, 2), Shapes.Colour.values().length);
  }

  private static ResNet.Options options(long classes, long width, Integer... depths) {
    return ResNet.Options.resnet18(classes).with(ResNet.Stem.HALVING).withWidth(width).withDepths(depths);
  }

  private static Blueprint blueprint(Net net, long batch, long side) {
    List<Field> fields = List.of(
        Field.floats("image", batch, 3, side, side), Field.ints("label", batch), Field.ints("colour", batch));
    Step train = Step.training(
        "train",
        net,
        fields.subList(0, 2),
        c -> {
          Tensor logits = net.plain.head.apply(net.plain.represent(c.input("image")));
          Tensor loss = LossOps.softmaxCrossEntropy(logits, c.input("label")).mean();
          c.minimize(loss, Group.of("plain", net.plain, new Adam(2e-3)));
          c.report("loss", loss);
        });
    Step select = Step.training(
        "select",
        net,
        fields,
        c -> {
          Tensor found = net.confounder.predict(c.input("colour"), c.input("label"));
          Tensor loss = LossOps.squaredError(found, net.frozen(c.input("image"))).sum(1).mean().mul(0.5)
              .add(net.confounder.size().mul(SPARSITY));
          c.minimize(loss, Group.of("confounder", net.confounder, new Adam(Schedule.exponential(0.1, 0.5, 60))));
          c.report("loss", loss);
        });
    Step add = Step.training(
        "add",
        net,
        fields,
        c -> {
          Tensor h = net.frozen(c.input("image"));
          Tensor noise = net.confounder.part(c.input("colour")).stopGradient()
              .mul(Forward.current().normal(Dims.of(batch, 1))).mul(NOISE);
          Tensor loss = LossOps.softmaxCrossEntropy(net.robust.apply(h.add(noise)), c.input("label")).mean();
          c.minimize(loss, Group.of("robust", net.robust, new Adam(5e-3)));
          c.minimize(
              LossOps.softmaxCrossEntropy(net.control.apply(h), c.input("label")).mean(),
              Group.of("control", net.control, new Adam(5e-3)));
          c.report("loss", loss);
        });
    Step predict = Step.inference(
        "predict",
        net,
        fields.subList(0, 2),
        c -> {
          Tensor h = net.plain.represent(c.input("image"));
          Tensor label = c.input("label");
          c.report("plain", net.plain.head.apply(h).argMax(1).equalTo(label).cast(DType.F32));
          c.report("robust", net.robust.apply(h).argMax(1).equalTo(label).cast(DType.F32));
          c.report("control", net.control.apply(h).argMax(1).equalTo(label).cast(DType.F32));
        });
    return new Blueprint(List.of(train, select, add), predict);
  }

  @Override
  public Blueprint blueprint(long batch) {
    return blueprint(net(), batch, SIDE);
  }

  @Override
  public Blueprint checkBlueprint() {
    return blueprint(new Net(options(4, 2, 1, 1), 4), 3, 8);
  }

  @Override
  public long batch() {
    return BATCH;
  }

  @Override
  public Values values() {
    return Values.uniform(4, RandomGenerator::nextDouble);
  }

  /** Of another seed than other forms of this model, whose tests were seen before its bar was set. */
  private static Dataset shapes(int count, double tied, long seed) {
    return Shapes.generate(count, Shapes.Options.of(SIDE).withTied(tied), seed ^ OWN_DATA);
  }

  @Override
  public TrainResult train(TrainRequest request) throws IOException {
    DataSource.none(name(), request.data());
    long seed = request.seed();
    int seen = TRAIN + HELD;
    Dataset tied = shapes(seen, TIED, seed);
    Dataset train = tied.range(0, TRAIN);
    Blueprint plan = blueprint(BATCH);
    try (ModelState state = new ModelState(request.lathe(), seed);
        BoundSteps steps = new BoundSteps(plan.training(), state);
        BoundStep predict = BoundStep.bind(plan.inference(), state)) {
      Evaluation like = new Evaluation(predict, tied.range(TRAIN, seen));
      Evaluation unlike = new Evaluation(predict, shapes(seen, 0, seed).range(TRAIN, seen));
      Function<String, TrainingTask> over = name -> TrainingTask.over(
          steps.get(name), new Batches(train, steps.get(name), seed), () -> measure(like, unlike));
      Phases phases = new Phases(
          List.of(
              new Phases.Phase(PLAIN_EPOCHS, over.apply("train")),
              new Phases.Phase(SELECT_EPOCHS, over.apply("select")),
              new Phases.Phase(ADD_EPOCHS, over.apply("add"))));
      Trainer.Outcome outcome = Trainer.train(state, phases, request.options(name(), phases.epochs()));
      Dataset shifted = shapes(TEST, 0, DataSource.testSeed(seed));
      Map<String, Double> found = measure(
          new Evaluation(predict, shapes(TEST, TIED, DataSource.testSeed(seed))),
          new Evaluation(predict, shifted));
      report(request, state, found);
      write(request, state, shifted);
      double avoided = 1 - lost(found, "robust") / lost(found, "plain");
      double least = shifted(found, "robust") - Math.max(shifted(found, "plain"), shifted(found, "control"));
      return least > 0
          ? card().result(avoided, outcome.seconds(), outcome.checkpoint())
          : new TrainResult("gain_on_any_colour", least, 0, false, outcome.seconds(), outcome.checkpoint());
    }
  }

  private static void report(TrainRequest request, ModelState state, Map<String, Double> found) throws IOException {
    List<String> lines = new ArrayList<>();
    found.forEach((name, value) -> lines.add(String.format(Locale.ROOT, "%-15s accuracy %.4f", name, value)));
    lines.add(
        String.format(
            Locale.ROOT,
            "lost by the shift: plain %.4f, without noise %.4f, select-additive %.4f; of the map's %d weights %d are"
                + " above 0.01",
            lost(found, "plain"), lost(found, "control"), lost(found, "robust"),
            state.array("confounder.map.weight").toFloats().length, selected(state)));
    Files.write(request.out().resolve("shift.txt"), lines);
    lines.forEach(request.listener()::note);
  }

  /** The accuracy that a head loses by the shift. */
  private static double lost(Map<String, Double> found, String head) {
    return found.getOrDefault(head, Double.NaN) - shifted(found, head);
  }

  private static double shifted(Map<String, Double> found, String head) {
    return found.getOrDefault(head + "_shifted", Double.NaN);
  }

  private static Map<String, Double> measure(Evaluation like, Evaluation unlike) {
    Map<String, Double> all = new LinkedHashMap<>(like.run());
    unlike.run().forEach((name, value) -> all.put(name + "_shifted", value));
    return all;
  }

  private static int selected(ModelState state) {
    int count = 0;
    for (float w : state.array("confounder.map.weight").toFloats()) {
      count += Math.abs(w) > 0.01f ? 1 : 0;
    }
    return count;
  }

  private static void write(TrainRequest request, ModelState state, Dataset test) throws IOException {
    Net net = net();
    try (BoundStep step = BoundStep.bind(predicting(net, BATCH), state)) {
      PicturePredictions.write(request.out(), step, test, Shapes.classes());
    }
    PictureGrid.writeFilters(request.out().resolve("filters.png"), net, state);
  }

  private static Step predicting(Net net, int batch) {
    return PicturePredictions.step(net, Pictures.shapes(SIDE), batch, image -> net.robust(image).softmax(1));
  }

  @Override
  public List<Step> runSteps() {
    return List.of(predicting(net(), SHOWN), predicting(net(), BATCH));
  }

  /** Tells the class of pictures of any colour that no training has seen. */
  @Override
  public Map<String, Double> run(RunRequest request) throws IOException {
    DataSource.none(name(), request.data());
    Dataset data = shapes(request.countOr(SHOWN), 0, DataSource.testSeed(request.seed()));
    return PicturePredictions.run(
        name(), request, new Pictures.Labelled(new TrainTest(data, data), Shapes.classes()), BATCH,
        n -> predicting(net(), n));
  }
}
