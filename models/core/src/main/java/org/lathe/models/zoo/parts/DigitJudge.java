package org.lathe.models.zoo.parts;

import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.lathe.compiler.op.LossOps;
import org.lathe.compiler.op.Tensor;
import org.lathe.models.data.Dataset;
import org.lathe.models.data.Digits;
import org.lathe.models.nets.LeNet5;
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

/** A LeNet-5 that is trained on digits to judge generated ones. Closed by whoever made it. */
public final class DigitJudge implements AutoCloseable {
  /** Pictures are judged so many at a time. */
  public static final int BATCH = 100;

  private static final int CLASSES = 10;
  private static final int EPOCHS = 4;

  private final ModelState state;
  private final BoundStep judge;

  /**
   * How generated pictures were judged.
   *
   * @param sure the share that the judge calls one digit with a probability of at least 0.9
   * @param classes how many digits are among these
   */
  public record Verdict(double sure, int classes) {}

  /** Trains the judge on columns {@code image} and {@code label}. */
  public DigitJudge(TrainRequest request, Dataset digits) throws IOException {
    state = new ModelState(request.lathe(), request.seed() + 17);
    LeNet5 net = new LeNet5();
    try (BoundStep step = BoundStep.bind(training(net), state)) {
      Trainer.train(
          state,
          TrainingTask.over(step, new Batches(digits, step, request.seed()), Map::of),
          Trainer.Options.of("judge", Math.min(EPOCHS, request.epochsOr(EPOCHS))));
    }
    judge = BoundStep.bind(judging(net), state);
  }

  /** What judging compiles. */
  public static List<Step> steps() {
    LeNet5 net = new LeNet5();
    return List.of(training(net), judging(net));
  }

  private static Step training(LeNet5 net) {
    return Step.training(
        "train",
        net,
        List.of(Field.floats("image", 64, 1, Digits.SIDE, Digits.SIDE), Field.ints("label", 64)),
        c -> {
          Tensor loss = LossOps.softmaxCrossEntropy(logits(net, c.input("image")), c.input("label")).mean();
          c.minimize(loss, Group.of(net, new Adam(Schedule.exponential(2e-3, 0.5, 500))));
          c.report("loss", loss);
        });
  }

  private static Step judging(LeNet5 net) {
    return Step.inference(
        "judge",
        net,
        List.of(Field.floats("image", BATCH, 1, Digits.SIDE, Digits.SIDE)),
        c -> {
          Tensor features = net.features(LeNet5.prepare(c.input("image")));
          c.report("probabilities", net.classify(features).softmax(1));
          c.report("features", features);
        });
  }

  private static Tensor logits(LeNet5 net, Tensor image) {
    return net.apply(LeNet5.prepare(image));
  }

  /** Judges pictures [count, 28, 28] in 0..1, a multiple of {@link #BATCH}. */
  public Verdict judge(float[] pixels) {
    boolean[] seen = new boolean[CLASSES];
    int sure = 0;
    float[] p = probabilities(pixels);
    for (int i = 0; i < p.length; i++) {
      if (p[i] >= 0.9f) {
        sure++;
        seen[i % CLASSES] = true;
      }
    }
    int classes = 0;
    for (boolean s : seen) {
      classes += s ? 1 : 0;
    }
    return new Verdict((double) sure * CLASSES / p.length, classes);
  }

  /** The share of pictures, as {@link #judge} takes them, that the judge takes for what was asked for. */
  public double agreement(float[] pixels, int[] asked) {
    float[] p = probabilities(pixels);
    if (p.length != CLASSES * asked.length) {
      throw new IllegalArgumentException(asked.length + " classes are asked for " + p.length / CLASSES + " pictures");
    }
    int agreed = 0;
    for (int i = 0; i < asked.length; i++) {
      int best = 0;
      for (int k = 1; k < CLASSES; k++) {
        best = p[i * CLASSES + k] > p[i * CLASSES + best] ? k : best;
      }
      agreed += best == asked[i] ? 1 : 0;
    }
    return (double) agreed / asked.length;
  }

  /** Of the ten digits for each picture, as {@link #judge} takes them: [count, 10]. */
  public float[] probabilities(float[] pixels) {
    return report("probabilities", CLASSES, pixels);
  }

  /** What the judge's last layer sees of each picture, as {@link #judge} takes them: [count, {@link LeNet5#FEATURES}]. */
  public float[] features(float[] pixels) {
    return report("features", LeNet5.FEATURES, pixels);
  }

  private float[] report(String name, int width, float[] pixels) {
    int size = BATCH * Digits.SIDE * Digits.SIDE;
    if (pixels.length % size != 0) {
      throw new IllegalArgumentException(
          pixels.length / (size / BATCH) + " pictures are to be judged, expected a multiple of " + BATCH);
    }
    float[] all = new float[pixels.length / size * BATCH * width];
    for (int b = 0; b < pixels.length / size; b++) {
      judge.input("image").write(Arrays.copyOfRange(pixels, b * size, (b + 1) * size));
      judge.run();
      System.arraycopy(judge.report(name).toFloats(), 0, all, b * BATCH * width, BATCH * width);
    }
    return all;
  }

  @Override
  public void close() {
    judge.close();
    state.close();
  }
}
