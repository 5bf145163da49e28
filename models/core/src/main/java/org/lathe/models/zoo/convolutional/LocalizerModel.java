package org.lathe.models.zoo.convolutional;

import java.awt.Color;
import java.awt.Graphics2D;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.random.RandomGenerator;
import org.lathe.compiler.ir.Literal;
import org.lathe.compiler.op.LossOps;
import org.lathe.compiler.op.Tensor;
import org.lathe.hal.DType;
import org.lathe.models.bench.StepWorkload.Values;
import org.lathe.models.data.Column;
import org.lathe.models.data.Dataset;
import org.lathe.models.data.Shapes;
import org.lathe.models.nets.ResNet;
import org.lathe.models.nets.ResidualTrunk;
import org.lathe.models.nn.Boxes;
import org.lathe.models.nn.Initializer;
import org.lathe.models.nn.Linear;
import org.lathe.models.nn.Module;
import org.lathe.models.optim.Adam;
import org.lathe.models.optim.Schedule;
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
import org.lathe.models.zoo.parts.ConfusionMatrix;
import org.lathe.models.zoo.parts.DataSource;
import org.lathe.models.zoo.parts.PictureGrid;

/**
 * Says what a picture shows and where: [batch, 3, 32, 32] to logits [batch, 10] and a box [batch, 4] (left, top, right,
 * bottom in 0..1), by two heads over one {@link ResidualTrunk} and a hidden layer, as in OverFeat (Sermanet et al. 2014).
 *
 * <p>The loss is the cross-entropy, the boxes' absolute error, and one minus their intersection over union (Yu et al. 2016).
 * It differs from OverFeat in one box for each picture instead of one for each class and place, as there is one figure.
 *
 * <p>The bar is the mean intersection over union on held-out pictures. The training fails too if fewer than 95% are
 * classified rightly.
 */
final class LocalizerModel extends ZooModel {
  private static final double CLASS_BAR = 0.95;
  private static final int SIDE = 32;
  private static final int TRAIN = 8_000;
  private static final int VALIDATION = 800;
  private static final int TEST = 2_000;
  private static final int BATCH = 64;
  private static final int EPOCHS = 10;
  private static final int PATIENCE = 4;
  private static final int SHOWN = 60;
  private static final int COLUMNS = 10;

  LocalizerModel() {
    super(
        new Card(
            "localizer", Convolutional.FAMILY, "Sermanet et al. 2014; Yu et al. 2016", "mean_iou", Direction.HIGHER,
            0.7,
            "shapes"));
  }

  private static final class Net extends Module {
    private final ResidualTrunk trunk;
    private final Linear hidden;
    private final Linear figure;
    private final Linear place;

    /**
     * @param places of the trunk's maps
     */
    Net(ResNet.Options options, long places, long features, long classes) {
      trunk = child("trunk", new ResidualTrunk(options));
      hidden = child("hidden", new Linear(trunk.channels() * places, features, Initializer.he()));
      figure = child("figure", new Linear(features, classes));
      place = child("place", new Linear(features, 4));
    }

    /** Logits of the classes, and boxes. */
    record Found(Tensor logits, Tensor box) {}

    Found apply(Tensor image) {
      Tensor h = hidden.apply(trunk.apply(Convolutional.centred(image)).flatten(1)).relu();
      return new Found(figure.apply(h), Boxes.ofCentres(place.apply(h).sigmoid()));
    }
  }

  private static Net net() {
    ResNet.Options options = ResNet.Options.resnet18(0).with(ResNet.Stem.HALVING).withWidth(16).withDepths(2, 2, 2);
    return new Net(options, 4 * 4, 128, Shapes.classes().size());
  }

  private static Blueprint blueprint(Net net, long batch, long side) {
    List<Field> fields = List.of(
        Field.floats("image", batch, 3, side, side), Field.ints("label", batch), Field.floats("box", batch, 4));
    Step training = Step.training(
        "train",
        net,
        fields,
        c -> {
          Net.Found found = net.apply(c.input("image"));
          Tensor entropy = LossOps.softmaxCrossEntropy(found.logits(), c.input("label")).mean();
          Tensor distance = LossOps.absoluteError(found.box(), c.input("box")).sum(1).mean();
          Tensor overlap = Boxes.intersectionOverUnion(found.box(), c.input("box")).mean();
          Tensor loss = entropy.add(distance.mul(2)).add(overlap.subtractedFrom(1));
          c.minimize(loss, Group.of(net, new Adam(Schedule.exponential(2e-3, 0.5, 500))));
          c.report("loss", loss);
        });
    Step inference = Step.inference(
        "predict",
        net,
        fields,
        c -> {
          Net.Found found = net.apply(c.input("image"));
          c.report("mean_iou", Boxes.intersectionOverUnion(found.box(), c.input("box")));
          c.report("class_accuracy", found.logits().argMax(1).equalTo(c.input("label")).cast(DType.F32));
        });
    return new Blueprint(List.of(training), inference);
  }

  @Override
  public Blueprint blueprint(long batch) {
    return blueprint(net(), batch, SIDE);
  }

  @Override
  public Blueprint checkBlueprint() {
    ResNet.Options options = ResNet.Options.resnet18(0).with(ResNet.Stem.HALVING).withWidth(2).withDepths(1, 1);
    return blueprint(new Net(options, 2 * 2, 5, 4), 3, 8);
  }

  @Override
  public long batch() {
    return BATCH;
  }

  @Override
  public Values values() {
    Values others = Values.uniform(4, RandomGenerator::nextDouble);
    return (field, random) -> {
      if (!field.name().equals("box")) {
        return others.of(field, random);
      }
      double[] boxes = new double[Math.toIntExact(field.type().size())];
      for (int i = 0; i < boxes.length; i++) {
        boxes[i] = (float) ((i % 4 < 2 ? 0 : 0.5) + 0.5 * random.nextDouble());
      }
      return Literal.adopt(field.type(), boxes);
    };
  }

  @Override
  public TrainResult train(TrainRequest request) throws IOException {
    DataSource.none(name(), request.data());
    Dataset train = Shapes.generate(TRAIN, Shapes.Options.of(SIDE), request.seed());
    Dataset test = test(TEST, request.seed());
    Blueprint plan = blueprint(BATCH);
    try (ModelState state = new ModelState(request.lathe(), request.seed());
        BoundStep step = BoundStep.bind(plan.training().getFirst(), state);
        BoundStep predict = BoundStep.bind(plan.inference(), state)) {
      Evaluation validation = new Evaluation(predict, train.range(TRAIN - VALIDATION, TRAIN));
      Trainer.Outcome outcome = Trainer.train(
          state,
          TrainingTask.over(
              step, new Batches(train.range(0, TRAIN - VALIDATION), step, request.seed()), validation::run),
          request.options(name(), EPOCHS)
              .withStopping(EarlyStopping.of("class_accuracy", Direction.HIGHER, PATIENCE).withGoal(0.98)));
      Map<String, Double> found = new Evaluation(predict, test).run();
      try (BoundStep locate = BoundStep.bind(locating(BATCH), state)) {
        write(request.out(), locate, test);
      }
      PictureGrid.writeFilters(request.out().resolve("filters.png"), plan.inference().model(), state);
      double overlap = found.getOrDefault("mean_iou", Double.NaN);
      double right = found.getOrDefault("class_accuracy", Double.NaN);
      request.listener().note(
          String.format(Locale.ROOT, "mean intersection over union %.3f, class accuracy %.4f", overlap, right));
      return right >= CLASS_BAR
          ? card().result(overlap, outcome.seconds(), outcome.checkpoint())
          : new TrainResult(
              "class_accuracy", right, CLASS_BAR, false, outcome.seconds(), outcome.checkpoint());
    }
  }

  private static Dataset test(int count, long seed) {
    return Shapes.generate(count, Shapes.Options.of(SIDE), DataSource.testSeed(seed));
  }

  private static Step locating(long batch) {
    Net net = net();
    return Step.inference(
        "run",
        net,
        List.of(Field.floats("image", batch, 3, SIDE, SIDE)),
        c -> {
          Net.Found found = net.apply(c.input("image"));
          c.report("label", found.logits().argMax(1));
          c.report("box", found.box());
        });
  }

  @Override
  public List<Step> runSteps() {
    return List.of(locating(SHOWN), locating(BATCH));
  }

  private record Prediction(int label, float[] box) {}

  private static List<Prediction> locate(BoundStep step, Dataset data) {
    List<Prediction> all = new ArrayList<>();
    Batches batches = new Batches(data, step, 0);
    for (int first = 0; first < data.size(); first += batches.batchSize()) {
      int valid = batches.fillInOrder(first);
      step.run();
      float[] boxes = step.report("box").toFloats();
      for (int i = 0; i < valid; i++) {
        all.add(new Prediction((int) step.report("label").get(i), Arrays.copyOfRange(boxes, 4 * i, 4 * i + 4)));
      }
    }
    return all;
  }

  private static void write(Path directory, BoundStep step, Dataset test) throws IOException {
    ConfusionMatrix matrix = new ConfusionMatrix(Shapes.classes());
    List<Prediction> found = locate(step, test);
    int[] labels = ((Column.Ints) test.column("label")).data();
    for (int i = 0; i < labels.length; i++) {
      matrix.add(labels[i], found.get(i).label());
    }
    matrix.write(directory.resolve("confusion.txt"));
    draw(directory.resolve("boxes.png"), test.range(0, SHOWN), found);
  }

  /** Pictures with their own boxes in white and the found ones in red. */
  private static void draw(Path file, Dataset data, List<Prediction> found) throws IOException {
    float[] boxes = ((Column.Floats) data.column("box")).data();
    PictureGrid.writeColour(
        file, ((Column.Floats) data.column("image")).data(), SIDE, COLUMNS,
        (g, i, cell) -> {
          rectangle(g, Color.WHITE, Arrays.copyOfRange(boxes, 4 * i, 4 * i + 4), cell);
          rectangle(g, Color.RED, found.get(i).box(), cell);
        });
  }

  private static void rectangle(Graphics2D g, Color colour, float[] box, int cell) {
    g.setColor(colour);
    int left = Math.round(box[0] * cell);
    int top = Math.round(box[1] * cell);
    g.drawRect(left, top, Math.round(box[2] * cell) - left, Math.round(box[3] * cell) - top);
  }

  /** Finds the figures of pictures that no training has seen, and draws their boxes. */
  @Override
  public Map<String, Double> run(RunRequest request) throws IOException {
    DataSource.none(name(), request.data());
    int count = request.countOr(SHOWN);
    Dataset data = test(count, request.seed());
    Step step = locating(Math.min(count, SHOWN));
    try (ModelState state = load(request, name(), step); BoundStep bound = BoundStep.bind(step, state)) {
      List<Prediction> found = locate(bound, data);
      int[] labels = ((Column.Ints) data.column("label")).data();
      float[] boxes = ((Column.Floats) data.column("box")).data();
      double overlap = 0;
      int right = 0;
      for (int i = 0; i < count; i++) {
        Prediction p = found.get(i);
        double iou = overlap(p.box(), Arrays.copyOfRange(boxes, 4 * i, 4 * i + 4));
        overlap += iou / count;
        right += p.label() == labels[i] ? 1 : 0;
        request.found(
            "prediction",
            String.format(
                Locale.ROOT, "picture %d: %s, predicted %s, box %.2f %.2f %.2f %.2f, intersection over union %.2f", i,
                Shapes.classes().get(labels[i]), Shapes.classes().get(p.label()), p.box()[0], p.box()[1], p.box()[2],
                p.box()[3], iou),
            "index", i, "label", labels[i], "predicted", p.label(), "left", p.box()[0], "top", p.box()[1], "right",
            p.box()[2], "bottom", p.box()[3], "iou", iou);
      }
      Files.createDirectories(request.out());
      Path file = request.out().resolve("boxes.png");
      draw(file, data.range(0, Math.min(count, SHOWN)), found);
      request.found("picture", "pictures with their boxes: " + file, "file", file.toString());
      return Map.of("mean_iou", overlap, "class_accuracy", (double) right / count);
    }
  }

  /** Of two boxes with an area. */
  static double overlap(float[] a, float[] b) {
    double width = Math.min(a[2], b[2]) - Math.max(a[0], b[0]);
    double height = Math.min(a[3], b[3]) - Math.max(a[1], b[1]);
    double shared = Math.max(0, width) * Math.max(0, height);
    double both = (double) (a[2] - a[0]) * (a[3] - a[1]) + (double) (b[2] - b[0]) * (b[3] - b[1]) - shared;
    return shared / both;
  }
}
