package org.lathe.models.zoo.adversarial;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.random.RandomGenerator;
import org.lathe.models.attack.Attack;
import org.lathe.models.attack.FastGradientSign;
import org.lathe.models.attack.ProjectedGradient;
import org.lathe.models.bench.StepWorkload.Values;
import org.lathe.models.data.Dataset;
import org.lathe.models.train.Batches;
import org.lathe.models.train.BoundStep;
import org.lathe.models.train.EarlyStopping.Direction;
import org.lathe.models.train.Evaluation;
import org.lathe.models.train.Field;
import org.lathe.models.train.ModelState;
import org.lathe.models.train.Step;
import org.lathe.models.zoo.model.Card;
import org.lathe.models.zoo.model.RunRequest;
import org.lathe.models.zoo.model.ZooModel;
import org.lathe.models.zoo.parts.AttackedPictures;
import org.lathe.models.zoo.parts.DataSource;
import org.lathe.models.zoo.parts.Pictures;

/**
 * A plain classifier of digits beside a defended one, pictures [batch, 1, 28, 28] to logits [batch, 10], both under attack.
 *
 * <p>The bar is the part of the accuracy taken by an attack that the defence gives back, on held-out digits: the lesser one
 * of the fast gradient sign method and of {@value #MANY} steps of projected gradients. No pixel is changed by more than
 * {@value #EPSILON}.
 */
abstract class AttackedDigitsModel extends ZooModel {
  static final double EPSILON = 0.15;
  static final int MANY = 10;
  static final int BATCH = 64;
  /** Pictures that are attacked at a time. */
  static final int EVALUATED = 100;
  static final int SHOWN = 20;
  static final Attack STRONG = new ProjectedGradient(EPSILON, EPSILON / 4, MANY);
  /** The bar is held against the worse of these. */
  static final List<String> JUDGED_BY = List.of("fgsm", "pgd");

  AttackedDigitsModel(String name, String paper) {
    super(new Card(name, Adversarial.FAMILY, paper, "recovered", Direction.HIGHER, 0.5, "digits, or mnist:DIR"));
  }

  static List<Field> fields(long batch) {
    return List.of(Pictures.DIGITS.field(batch), Field.ints("label", batch));
  }

  /** What the bar is held against, and no attack, by the names of their reports. */
  static Map<String, Attack> attacks() {
    Map<String, Attack> attacks = new LinkedHashMap<>();
    attacks.put("clean", Attack.NONE);
    attacks.put("fgsm", new FastGradientSign(EPSILON));
    attacks.put("pgd", STRONG);
    return attacks;
  }

  /** How right both classifiers are, with {@code recovered}. */
  static Map<String, Double> measure(Evaluation evaluation) {
    Map<String, Double> measured = new LinkedHashMap<>(evaluation.run());
    measured.put("recovered", AttackedPictures.recovered(measured, JUDGED_BY));
    return measured;
  }

  /** How right both classifiers are on a batch of {@link #EVALUATED}, under each attack. */
  abstract Step evaluating();

  /** Attacks pictures; reports what to draw, and as {@code plain} and {@code defended} what they are taken for. */
  abstract Step showing(int count);

  /** Draws the reports of {@link #showing}; the picture's file. */
  abstract Path draw(Path directory, BoundStep shown, int count) throws IOException;

  static void show(BoundStep show, Dataset digits) {
    new Batches(digits, show, 0).fillInOrder(0);
    show.run();
  }

  @Override
  public long batch() {
    return BATCH;
  }

  @Override
  public Values values() {
    return Values.uniform(10, RandomGenerator::nextDouble);
  }

  @Override
  public List<Step> runSteps() {
    return List.of(evaluating(), showing(SHOWN));
  }

  /** Attacks both classifiers with digits that no training has seen. */
  @Override
  public Map<String, Double> run(RunRequest request) throws IOException {
    int count = request.countOr(SHOWN);
    Dataset digits = DataSource.digitsToTest(name(), request.data(), count, request.seed());
    Step step = showing(count);
    try (ModelState state = load(request, name(), step); BoundStep show = BoundStep.bind(step, state)) {
      show(show, digits);
      Path file = draw(Files.createDirectories(request.out()), show, count);
      Map<String, Double> right = AttackedPictures.show(request, show, digits);
      request.found("picture", "the pictures, attacked: " + file, "file", file.toString());
      return right;
    }
  }
}
