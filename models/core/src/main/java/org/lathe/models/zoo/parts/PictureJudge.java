package org.lathe.models.zoo.parts;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.lathe.compiler.op.LossOps;
import org.lathe.compiler.op.PoolingOps;
import org.lathe.compiler.op.Tensor;
import org.lathe.models.data.Column;
import org.lathe.models.data.Dataset;
import org.lathe.models.nn.ConvNorm;
import org.lathe.models.nn.Initializer;
import org.lathe.models.nn.Linear;
import org.lathe.models.nn.Module;
import org.lathe.models.optim.Adam;
import org.lathe.models.optim.Schedule;
import org.lathe.models.train.Batches;
import org.lathe.models.train.BoundStep;
import org.lathe.models.train.Field;
import org.lathe.models.train.Group;
import org.lathe.models.train.ModelState;
import org.lathe.models.train.Step;
import org.lathe.models.train.Trainer;
import org.lathe.models.train.TrainingTask;
import org.lathe.models.zoo.model.TrainRequest;

/**
 * A small convolutional network that is trained on real colour pictures to judge generated ones: it answers several
 * questions, each about one class. Closed by whoever made it.
 *
 * <p>[batch, 3, side, side], the side 32 or 64, to logits of each question. Three 3 x 3 convolutions with batch norm and max
 * pooling, of 16, 32 and 64 channels, a hidden layer, and a layer for each question; at 64 x 64 the first has stride 2.
 */
public final class PictureJudge implements AutoCloseable {
  /** Pictures are judged so many at a time. */
  public static final int BATCH = 100;

  private static final int TRAINING_BATCH = 64;

  private final Plan plan;
  private final ModelState state;
  private final BoundStep judge;

  /**
   * Something asked about a picture.
   *
   * @param column of the answer in the data, i32
   * @param classes how many answers there are
   */
  public record Question(String column, int classes) {}

  /**
   * What is judged.
   *
   * @param side of the pictures, 32 or 64
   * @param pictures that the judge is trained on, at least a batch of {@value #TRAINING_BATCH}; of 32 x 32 shapes it tells
   *     the figure of half with 6000 of them and five epochs, of nineteen in twenty with 16000
   * @param epochs of the judge's training
   */
  public record Plan(int side, List<Question> questions, int pictures, int epochs) {
    public Plan {
      if (side != 32 && side != 64) {
        throw new IllegalArgumentException("pictures of side 32 or 64 are judged, not " + side);
      }
      if (pictures < TRAINING_BATCH || epochs < 1) {
        throw new IllegalArgumentException(
            "a judge is trained on at least " + TRAINING_BATCH + " pictures for an epoch, not on " + pictures + " for "
                + epochs);
      }
      questions = List.copyOf(questions);
    }

    private Field image(long batch) {
      return Field.floats("image", batch, 3, side, side);
    }

    /** What judging compiles. */
    public List<Step> steps() {
      return List.of(training(), judging());
    }

    private Step training() {
      Net net = new Net(this);
      List<Field> fields = new ArrayList<>(List.of(image(TRAINING_BATCH)));
      questions.forEach(q -> fields.add(Field.ints(q.column(), TRAINING_BATCH)));
      long steps = (long) epochs * (pictures / TRAINING_BATCH);
      return Step.training(
          "train",
          net,
          fields,
          c -> {
            List<Tensor> logits = net.logits(c.input("image"));
            List<Tensor> losses = new ArrayList<>();
            for (int q = 0; q < logits.size(); q++) {
              losses.add(LossOps.softmaxCrossEntropy(logits.get(q), c.input(questions.get(q).column())).mean());
            }
            Tensor loss = losses.stream().reduce(Tensor::add).orElseThrow();
            c.minimize(loss, Group.of(net, new Adam(Schedule.cosine(3e-3, 3e-5, steps))));
            c.report("loss", loss);
          });
    }

    private Step judging() {
      Net net = new Net(this);
      return Step.inference(
          "judge",
          net,
          List.of(image(BATCH)),
          c -> {
            List<Tensor> logits = net.logits(c.input("image"));
            for (int q = 0; q < logits.size(); q++) {
              c.report(questions.get(q).column(), logits.get(q).argMax(1));
            }
          });
    }
  }

  private static final class Net extends Module {
    private static final PoolingOps.Options HALVE = PoolingOps.Options.of(2);

    private final List<ConvNorm> convolutions;
    private final Linear hidden;
    private final List<Linear> answers;

    Net(Plan plan) {
      convolutions = children(
          "convolutions",
          List.of(new ConvNorm(3, 16, 3, plan.side() / 32), new ConvNorm(16, 32, 3, 1), new ConvNorm(32, 64, 3, 1)));
      hidden = child("hidden", new Linear(64 * 4 * 4, 96, Initializer.he()));
      answers = children("answers", plan.questions().stream().map(q -> new Linear(96, q.classes())).toList());
    }

    List<Tensor> logits(Tensor image) {
      Tensor h = image.sub(0.5).mul(4);
      for (ConvNorm c : convolutions) {
        h = c.apply(h).relu().maxPool(HALVE);
      }
      Tensor features = hidden.apply(h.flatten(1)).relu();
      return answers.stream().map(a -> a.apply(features)).toList();
    }
  }

  /**
   * Trains the judge.
   *
   * @param pictures as many as planned: column {@code image} f32 [3, side, side] in 0..1, and the questions' columns
   */
  public PictureJudge(TrainRequest request, Plan plan, Dataset pictures) throws IOException {
    if (pictures.size() != plan.pictures()) {
      throw new IllegalArgumentException(
          "the judge was planned for " + plan.pictures() + " pictures and is given " + pictures.size());
    }
    this.plan = plan;
    state = new ModelState(request.lathe(), request.seed() + 17);
    try (BoundStep step = BoundStep.bind(plan.training(), state)) {
      Trainer.train(
          state,
          TrainingTask.over(step, new Batches(pictures, step, request.seed()), Map::of),
          Trainer.Options.of("judge", Math.min(plan.epochs(), request.epochsOr(plan.epochs()))));
    }
    judge = BoundStep.bind(plan.judging(), state);
  }

  /**
   * The answers to each question, by its column.
   *
   * @param pixels [count, 3, side, side] in 0..1
   */
  public Map<String, int[]> judge(float[] pixels) {
    int size = 3 * plan.side() * plan.side();
    if (pixels.length % size != 0) {
      throw new IllegalArgumentException(
          pixels.length + " values are to be judged, expected a multiple of the " + size + " of a picture");
    }
    int count = pixels.length / size;
    Map<String, int[]> answers = new LinkedHashMap<>();
    plan.questions().forEach(q -> answers.put(q.column(), new int[count]));
    for (int from = 0; from < count; from += BATCH) {
      int valid = Math.min(BATCH, count - from);
      judge.input("image")
          .write(Arrays.copyOf(Arrays.copyOfRange(pixels, from * size, (from + valid) * size), BATCH * size));
      judge.run();
      for (Map.Entry<String, int[]> answer : answers.entrySet()) {
        for (int i = 0; i < valid; i++) {
          answer.getValue()[from + i] = (int) judge.report(answer.getKey()).get(i);
        }
      }
    }
    return answers;
  }

  /**
   * The share of right answers to each question, by its column.
   *
   * @param pictures as the judge was trained on, but others
   */
  public Map<String, Double> accuracy(Dataset pictures) {
    Map<String, Double> right = new LinkedHashMap<>();
    judge(((Column.Floats) pictures.column("image")).data()).forEach(
        (column, answers) -> right.put(column, agreement(answers, ((Column.Ints) pictures.column(column)).data())));
    return right;
  }

  /** The share of answers that are as expected. */
  public static double agreement(int[] answers, int[] expected) {
    if (answers.length != expected.length || answers.length == 0) {
      throw new IllegalArgumentException(
          answers.length + " answers to " + expected.length + " questions, expected as many, and at least one");
    }
    long agreed = IntStream.range(0, answers.length).filter(i -> answers[i] == expected[i]).count();
    return (double) agreed / answers.length;
  }

  @Override
  public void close() {
    judge.close();
    state.close();
  }
}
