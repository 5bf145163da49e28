package org.lathe.models.zoo.recurrent;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.lathe.compiler.op.LossOps;
import org.lathe.compiler.op.Tensor;
import org.lathe.hal.DType;
import org.lathe.models.bench.StepWorkload.Values;
import org.lathe.models.data.Column;
import org.lathe.models.data.Dataset;
import org.lathe.models.data.Grammar;
import org.lathe.models.data.Shapes;
import org.lathe.models.nets.Captioner;
import org.lathe.models.nn.BeamSearch;
import org.lathe.models.nn.Losses;
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
import org.lathe.models.train.StepContext;
import org.lathe.models.train.Trainer;
import org.lathe.models.train.TrainingTask;
import org.lathe.models.zoo.model.Blueprint;
import org.lathe.models.zoo.model.Card;
import org.lathe.models.zoo.model.RunRequest;
import org.lathe.models.zoo.model.TrainRequest;
import org.lathe.models.zoo.model.TrainResult;
import org.lathe.models.zoo.model.ZooModel;
import org.lathe.models.zoo.parts.CaptionedPictures;
import org.lathe.models.zoo.parts.DataSource;

/**
 * One to many (Vinyals, Toshev, Bengio and Erhan 2015; see {@link Captioner}): pictures of shapes [batch, 3, 32, 32] to
 * sentences such as "a small red star at the top left", i32 [batch, 9]. Both halves are trained together from the start, on
 * the cross-entropy of each word after the right ones before it; captions are found by a beam of 3, where the paper's is 20.
 *
 * <p>The bar is the share of test pictures whose caption is right word for word.
 */
final class CaptionerModel extends ZooModel {
  private static final long BATCH = 64;
  private static final int SIDE = 32;
  private static final long[] CHANNELS = {24, 48, 64};
  private static final int HIDDEN = 128;
  private static final double BAR = 0.8;
  private static final double GOAL = 0.87;
  private static final int EPOCHS = 12;
  private static final int TRAIN = 12_800;
  private static final int TEST = 1000;
  private static final int SHOWN = 10;
  private static final int BEAM = 3;

  CaptionerModel() {
    super(
        new Card(
            "captioner", RecurrentNetworks.FAMILY, "Vinyals, Toshev, Bengio and Erhan 2015", "exact", Direction.HIGHER,
            BAR, "shapes"));
  }

  private static Captioner net(int side, long[] channels, long hidden) {
    return new Captioner(side, channels, hidden, Shapes.vocabulary().size());
  }

  private static Captioner net() {
    return net(SIDE, CHANNELS, HIDDEN);
  }

  private static List<Field> fields(long batch, int side) {
    return List.of(Field.floats("image", batch, 3, side, side), Field.ints("caption", batch, Shapes.WORDS));
  }

  private static Step training(Captioner net, long batch, int side) {
    return Step.training(
        "train",
        net,
        fields(batch, side),
        c -> {
          Tensor caption = c.input("caption");
          Tensor begin = caption.slice(1, 0, 1).like(Grammar.BEGIN);
          Tensor before = Tensor.concat(1, begin, caption.slice(1, 0, Shapes.WORDS - 1));
          Tensor losses = LossOps.softmaxCrossEntropy(net.apply(c.input("image"), before), caption);
          Tensor loss = Losses.maskedMean(losses, caption.notEqualTo(Grammar.PAD).cast(DType.F32));
          c.minimize(loss, Group.of(net, new Adam(Schedule.exponential(2e-3, 0.5, 800))));
          c.report("loss", loss);
        });
  }

  private static Step saying(Captioner net, long batch, int side) {
    return Step.inference("predict", net, fields(batch, side), c -> say(net, c));
  }

  /** Reports the best caption, and whether it is the right one. */
  private static void say(Captioner net, StepContext c) {
    BeamSearch beam = new BeamSearch(BEAM, Shapes.WORDS, Grammar.BEGIN, Grammar.END, Grammar.PAD, 0);
    Tensor words = net.say(c.input("image"), beam).tokens().at(1, 0);
    c.report("exact", words.equalTo(c.input("caption")).cast(DType.F32).min(1));
    c.report("words", words);
  }

  @Override
  public Blueprint blueprint(long batch) {
    Captioner net = net();
    return new Blueprint(List.of(training(net, batch, SIDE)), saying(net, batch, SIDE));
  }

  @Override
  public Blueprint checkBlueprint() {
    Captioner net = net(8, new long[]{3, 4}, 5);
    return new Blueprint(List.of(training(net, 2, 8)), saying(net, 2, 8));
  }

  @Override
  public long batch() {
    return BATCH;
  }

  @Override
  public Values values() {
    return Values.uniform(Shapes.vocabulary().size(), r -> r.nextDouble());
  }

  private static Dataset pictures(int count, long seed) {
    return Shapes.generate(count, Shapes.Options.of(SIDE), seed);
  }

  @Override
  public TrainResult train(TrainRequest request) throws IOException {
    DataSource.none(name(), request.data());
    Blueprint plan = blueprint(BATCH);
    long seed = request.seed();
    try (ModelState state = new ModelState(request.lathe(), seed);
        BoundStep step = BoundStep.bind(plan.training().getFirst(), state);
        BoundStep predict = BoundStep.bind(plan.inference(), state)) {
      Evaluation validation = new Evaluation(predict, pictures(512, seed + 1));
      Trainer.Outcome outcome = Trainer.train(
          state,
          TrainingTask.over(
              step, new Batches(pictures(TRAIN, seed), step, seed), () -> Map.of("exact", exact(validation))),
          request.options(name(), EPOCHS)
              .withStopping(EarlyStopping.of("exact", Direction.HIGHER, EPOCHS).withGoal(GOAL)));
      Dataset test = pictures(TEST, seed + 2);
      double exact = exact(new Evaluation(predict, test));
      List<List<String>> said = new ArrayList<>();
      each(predict, test, SHOWN, (index, caption, label) -> said.add(lines(caption, label)));
      CaptionedPictures.write(request.out().resolve("captions.png"), pixels(test, SHOWN), SIDE, said);
      Files.write(request.out().resolve("captions.txt"), said.stream().map(l -> String.join("; ", l)).toList());
      request.listener().note("a caption: " + said.getFirst().getFirst());
      return card().result(exact, outcome.seconds(), outcome.checkpoint());
    }
  }

  private static double exact(Evaluation evaluation) {
    // The mean of each report; of the words it means nothing.
    return evaluation.run().getOrDefault("exact", Double.NaN);
  }

  private static float[] pixels(Dataset data, int count) {
    return Arrays.copyOf(((Column.Floats) data.column("image")).data(), count * 3 * SIDE * SIDE);
  }

  private static List<String> lines(String caption, String label) {
    return caption.equals(label) ? List.of(caption) : List.of(caption, "right would be: " + label);
  }

  /** Called with each picture's caption as it was said, and as it is. */
  @FunctionalInterface
  private interface Visitor {
    void at(int index, String caption, String label);
  }

  private static void each(BoundStep predict, Dataset data, int count, Visitor visitor) {
    long[] labels = Arrays.stream(((Column.Ints) data.column("caption")).data()).asLongStream().toArray();
    Batches batches = new Batches(data, predict, 0);
    for (int first = 0; first < count; first += batches.batchSize()) {
      int valid = Math.min(count - first, batches.fillInOrder(first));
      predict.run();
      long[] words = predict.report("words").toLongs();
      for (int i = 0; i < valid; i++) {
        visitor.at(first + i, text(words, i), text(labels, first + i));
      }
    }
  }

  private static String text(long[] words, int row) {
    List<Integer> said = new ArrayList<>();
    for (int t = row * Shapes.WORDS; t < (row + 1) * Shapes.WORDS && words[t] != Grammar.END; t++) {
      if (words[t] != Grammar.PAD) {
        said.add((int) words[t]);
      }
    }
    return Shapes.vocabulary().text(said);
  }

  @Override
  public List<Step> runSteps() {
    return List.of(saying(net(), SHOWN, SIDE));
  }

  /** Says what pictures show that no training has seen; one picture with all captions. */
  @Override
  public Map<String, Double> run(RunRequest request) throws IOException {
    DataSource.none(name(), request.data());
    int count = request.countOr(SHOWN);
    Step step = saying(net(), Math.min(count, BATCH), SIDE);
    Dataset data = pictures(count, request.seed() + 3);
    List<List<String>> said = new ArrayList<>();
    try (ModelState state = load(request, name(), step);
        BoundStep predict = BoundStep.bind(step, state)) {
      each(
          predict,
          data,
          count,
          (index, caption, label) -> {
            said.add(lines(caption, label));
            request.found(
                "prediction", String.join("; ", said.getLast()), "index", index, "caption", caption, "label", label);
          });
    }
    int shown = Math.min(count, SHOWN);
    Path file = Files.createDirectories(request.out()).resolve("captions.png");
    CaptionedPictures.write(file, pixels(data, shown), SIDE, said.subList(0, shown));
    request.found("picture", shown + " pictures with captions: " + file, "file", file.toString(), "count", shown);
    return Map.of("exact", said.stream().filter(l -> l.size() == 1).count() / (double) count);
  }
}
