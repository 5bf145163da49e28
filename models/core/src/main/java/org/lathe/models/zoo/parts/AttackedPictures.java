package org.lathe.models.zoo.parts;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.lathe.compiler.op.Tensor;
import org.lathe.hal.DType;
import org.lathe.models.attack.Attack;
import org.lathe.models.data.Column;
import org.lathe.models.data.Dataset;
import org.lathe.models.nn.Layer;
import org.lathe.models.nn.Module;
import org.lathe.models.train.BoundStep;
import org.lathe.models.train.Field;
import org.lathe.models.train.Step;
import org.lathe.models.train.TrainingListener;
import org.lathe.models.zoo.model.RunRequest;

/** How right classifiers are on pictures that were made to mislead them. */
public final class AttackedPictures {
  private AttackedPictures() {}

  /**
   * An inference that attacks its batch and reports, as {@code NAME}, 1 where the classifier is right all the same and else
   * 0, [batch]. The inputs are {@code image} and {@code label}.
   *
   * @param model all parameters that classifiers and attacks have
   * @param trials by the names of their reports
   */
  public static Step step(String name, Module model, Pictures pictures, long batch, Map<String, Trial> trials) {
    return Step.inference(
        name,
        model,
        List.of(pictures.field(batch), Field.ints("label", batch)),
        c -> trials.forEach(
            (report, trial) -> {
              Tensor label = c.input("label");
              Tensor attacked = trial.attack().on(trial.target(), c.input("image"), label);
              Tensor found = trial.judge().apply(attacked).argMax(1);
              c.report(report, found.equalTo(label).cast(DType.F32));
            }));
  }

  /**
   * An attack, and who has to see through it.
   *
   * @param target the classifier whose parameters the attacker knows
   * @param judge the classifier that then is asked; another one where the attack is carried over, or where a defence
   *     stands before the target
   */
  public record Trial(Attack attack, Layer target, Layer judge) {
    /** On the classifier that the attacker knows. */
    public Trial(Attack attack, Layer target) {
      this(attack, target, target);
    }
  }

  /**
   * A classifier and a defended one under each attack: reports {@code plain_NAME} and {@code defended_NAME}.
   *
   * @param plain the classifier without a defence; it is attacked with its own parameters known
   * @param target the classifier whose parameters the attacker of the defended one knows
   * @param defended the classifier that was trained to see through attacks, or has a defence before it
   */
  public static Map<String, Trial> compared(Map<String, Attack> attacks, Layer plain, Layer target, Layer defended) {
    Map<String, Trial> trials = new LinkedHashMap<>();
    attacks.forEach(
        (name, attack) -> {
          trials.put("plain_" + name, new Trial(attack, plain));
          trials.put("defended_" + name, new Trial(attack, target, defended));
        });
    return trials;
  }

  /**
   * The part of what an attack took that a defence gives back: 1 for all of it, 0 for none, below 0 where the defence does
   * harm; 0 where the attack took nothing, as there is nothing to give back.
   */
  public static double recovered(double clean, double attacked, double defended) {
    return clean > attacked ? (defended - attacked) / (clean - attacked) : 0;
  }

  /**
   * The least that is given back over some attacks.
   *
   * @param measured the shares of right answers under the trials of {@link #compared}, one of them with no attack as
   *     {@code clean}
   */
  public static double recovered(Map<String, Double> measured, List<String> attacks) {
    return attacks.stream().mapToDouble(name -> recovered(measured, name)).min().orElse(Double.NaN);
  }

  private static double recovered(Map<String, Double> measured, String attack) {
    return recovered(
        measured.getOrDefault("plain_clean", Double.NaN), measured.getOrDefault("plain_" + attack, Double.NaN),
        measured.getOrDefault("defended_" + attack, Double.NaN));
  }

  /** Tells people what was measured, and what is given back of each attack. */
  public static void note(TrainingListener listener, Map<String, Double> measured, List<String> attacks) {
    measured.forEach((name, right) -> listener.note(String.format(Locale.ROOT, "accuracy, %s: %.4f", name, right)));
    attacks.forEach(
        name -> listener.note(
            String.format(Locale.ROOT, "given back of what %s took: %.3f", name, recovered(measured, name))));
  }

  /**
   * Hands over what attacked pictures were taken for, and gives the shares of right answers.
   *
   * @param shown a step that has run on {@code pictures} and reports the classes {@code plain} and {@code defended}
   */
  public static Map<String, Double> show(RunRequest request, BoundStep shown, Dataset pictures) {
    int[] labels = ((Column.Ints) pictures.column("label")).data();
    double plainRight = 0;
    double defendedRight = 0;
    for (int i = 0; i < labels.length; i++) {
      int plain = (int) shown.report("plain").get(i);
      int defended = (int) shown.report("defended").get(i);
      plainRight += plain == labels[i] ? 1 : 0;
      defendedRight += defended == labels[i] ? 1 : 0;
      request.found(
          "prediction",
          String.format(
              Locale.ROOT, "picture %d: %d, under attack the plain classifier says %d, the defended one %d", i,
              labels[i], plain, defended),
          "index", i, "label", labels[i], "plain", plain, "predicted", defended);
    }
    return Map.of("plain", plainRight / labels.length, "defended", defendedRight / labels.length);
  }
}
