package org.lathe.models.zoo.adversarial;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.lathe.compiler.op.LossOps;
import org.lathe.compiler.op.Tensor;
import org.lathe.hal.DType;
import org.lathe.models.attack.Attack;
import org.lathe.models.attack.Perturber;
import org.lathe.models.attack.ProjectedGradient;
import org.lathe.models.data.Dataset;
import org.lathe.models.data.Digits;
import org.lathe.models.data.TrainTest;
import org.lathe.models.nets.LeNet5;
import org.lathe.models.nn.Module;
import org.lathe.models.optim.Adam;
import org.lathe.models.optim.Schedule;
import org.lathe.models.train.Batches;
import org.lathe.models.train.BoundStep;
import org.lathe.models.train.Evaluation;
import org.lathe.models.train.Field;
import org.lathe.models.train.Group;
import org.lathe.models.train.ModelState;
import org.lathe.models.train.Step;
import org.lathe.models.train.Trainer;
import org.lathe.models.train.TrainingTask;
import org.lathe.models.zoo.model.Blueprint;
import org.lathe.models.zoo.model.TrainRequest;
import org.lathe.models.zoo.model.TrainResult;
import org.lathe.models.zoo.parts.AttackedPictures;
import org.lathe.models.zoo.parts.DataSource;
import org.lathe.models.zoo.parts.PictureGrid;
import org.lathe.models.zoo.parts.Pictures;

/**
 * A classifier trained against a generator of perturbations (Lee, Han and Lee 2017) and against projected gradients (Madry et
 * al. 2018), beside the same classifier trained plainly on the same batches: two {@link LeNet5}, pictures [batch, 1, 28, 28]
 * to logits [batch, 10].
 *
 * <p>In a step the plain classifier learns the batch; the {@link Perturber} learns to mislead the defended one; and that
 * learns the batch three times, as it is and changed by both attacks.
 *
 * <p>The bar is that of {@link AttackedDigitsModel}, each classifier being attacked with its own parameters known.
 */
final class AdversarialTrainingModel extends AttackedDigitsModel {
  private static final int TRAIN = 10_000;
  private static final int VALIDATION = 500;
  private static final int TEST = 2_000;
  private static final int EPOCHS = 4;
  private static final Attack TRAINED_ON = new ProjectedGradient(EPSILON, EPSILON / 2, 3);

  AdversarialTrainingModel() {
    super(
        "adversarial-training", "Goodfellow, Shlens and Szegedy 2015; Lee, Han and Lee 2017; Madry et al. 2018");
  }

  private static final class Networks extends Module {
    private final LeNet5 plain = child("plain", new LeNet5());
    private final LeNet5 defended = child("defended", new LeNet5());
    private final Perturber perturber = child("perturber", new Perturber(1, 8, EPSILON));

    Tensor plain(Tensor image) {
      return plain.apply(LeNet5.prepare(image));
    }

    Tensor defended(Tensor image) {
      return defended.apply(LeNet5.prepare(image));
    }

    private Tensor lossOfPlain(Tensor image, Tensor label) {
      return LossOps.softmaxCrossEntropy(plain(image), label).mean();
    }

    private Tensor lossOfPerturber(Tensor image, Tensor label) {
      Tensor perturbed = perturber.perturb(this::defended, image, label);
      return LossOps.softmaxCrossEntropy(defended(perturbed), label).mean().neg();
    }

    private Tensor lossOfDefended(Tensor image, Tensor label) {
      Tensor all = Tensor.concat(
          0, image, TRAINED_ON.on(this::defended, image, label), perturber.on(this::defended, image, label));
      return LossOps.softmaxCrossEntropy(defended(all), Tensor.concat(0, label, label, label)).mean();
    }
  }

  private static Adam adam() {
    return new Adam(Schedule.exponential(2e-3, 0.5, 250));
  }

  @Override
  public Blueprint blueprint(long batch) {
    Networks nets = new Networks();
    List<Field> fields = fields(batch);
    Step training = Step.training(
        "train",
        nets,
        fields,
        c -> {
          Tensor image = c.input("image");
          Tensor label = c.input("label");
          c.minimize(nets.lossOfPlain(image, label), Group.of("plain", nets.plain, adam()));
          c.minimize(nets.lossOfPerturber(image, label), Group.of("perturber", nets.perturber, adam()));
          Tensor loss = nets.lossOfDefended(image, label);
          c.minimize(loss, Group.of("defended", nets.defended, adam()));
          c.report("loss", loss);
        });
    Step inference = Step.inference(
        "predict",
        nets,
        fields,
        c -> c.report(
            "accuracy",
            nets.defended(c.input("image")).argMax(1).equalTo(c.input("label")).cast(DType.F32)));
    return new Blueprint(List.of(training), inference);
  }

  @Override
  public Blueprint checkBlueprint() {
    return blueprint(1);
  }

  /** How right both classifiers are, without an attack and under each. */
  @Override
  Step evaluating() {
    Networks nets = new Networks();
    Map<String, Attack> attacks = attacks();
    attacks.put("perturber", nets.perturber);
    return AttackedPictures.step(
        "evaluate", nets, Pictures.DIGITS, EVALUATED,
        AttackedPictures.compared(attacks, nets::plain, nets::defended, nets::defended));
  }

  @Override
  public TrainResult train(TrainRequest request) throws IOException {
    TrainTest data = DataSource.digits(
        name(), request.data(), TRAIN, TEST, request.seed(), VALIDATION + BATCH, EVALUATED);
    int rest = data.train().size() - VALIDATION;
    Blueprint plan = blueprint(BATCH);
    try (ModelState state = new ModelState(request.lathe(), request.seed());
        BoundStep step = BoundStep.bind(plan.training().getFirst(), state);
        BoundStep evaluate = BoundStep.bind(evaluating(), state)) {
      Dataset train = data.train().range(0, rest);
      Evaluation validation = new Evaluation(evaluate, data.train().range(rest, rest + VALIDATION));
      TrainingTask task = TrainingTask.over(
          step,
          new Batches(train, step, request.seed()),
          () -> measure(validation));
      Trainer.Outcome outcome = Trainer.train(state, task, request.options(name(), EPOCHS));
      Map<String, Double> measured = new Evaluation(evaluate, data.test()).run();
      AttackedPictures.note(request.listener(), measured, List.of("fgsm", "pgd", "perturber"));
      try (BoundStep show = BoundStep.bind(showing(SHOWN), state)) {
        show(show, data.test().range(0, SHOWN));
        draw(request.out(), show, SHOWN);
      }
      return card().result(AttackedPictures.recovered(measured, JUDGED_BY), outcome.seconds(), outcome.checkpoint());
    }
  }

  /** Attacks pictures, and says what both classifiers take them for. */
  @Override
  Step showing(int count) {
    Networks nets = new Networks();
    return Step.inference(
        "show",
        nets,
        fields(count),
        c -> {
          Tensor image = c.input("image");
          Tensor onPlain = STRONG.on(nets::plain, image, c.input("label"));
          Tensor onDefended = STRONG.on(nets::defended, image, c.input("label"));
          c.report("pictures", Tensor.concat(0, image, onPlain, onDefended));
          c.report("plain", nets.plain(onPlain).argMax(1));
          c.report("defended", nets.defended(onDefended).argMax(1));
        });
  }

  /** Pictures in the first rows, then those changed to mislead the plain classifier, then the defended one. */
  @Override
  Path draw(Path directory, BoundStep shown, int count) throws IOException {
    Path file = directory.resolve("attacked.png");
    PictureGrid.write(file, shown.report("pictures").toFloats(), Digits.SIDE, count);
    return file;
  }
}
