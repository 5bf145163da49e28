package org.lathe.models.zoo.parts;

import java.util.List;
import java.util.Map;
import org.lathe.compiler.op.Tensor;
import org.lathe.hal.DType;
import org.lathe.models.attack.Attack;
import org.lathe.models.nn.Layer;
import org.lathe.models.nn.Module;
import org.lathe.models.train.Field;
import org.lathe.models.train.Step;

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
   * The part of what an attack took that a defence gives back: 1 for all of it, 0 for none, below 0 where the defence does
   * harm; 0 where the attack took nothing, as there is nothing to give back.
   */
  public static double recovered(double clean, double attacked, double defended) {
    return clean > attacked ? (defended - attacked) / (clean - attacked) : 0;
  }
}
