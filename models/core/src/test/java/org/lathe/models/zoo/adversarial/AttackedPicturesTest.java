package org.lathe.models.zoo.adversarial;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.lathe.compiler.runtime.Lathe;
import org.lathe.models.attack.Attack;
import org.lathe.models.attack.FastGradientSign;
import org.lathe.models.attack.ProjectedGradient;
import org.lathe.models.data.Dataset;
import org.lathe.models.data.Digits;
import org.lathe.models.train.Batches;
import org.lathe.models.train.BoundStep;
import org.lathe.models.train.Evaluation;
import org.lathe.models.train.ModelState;
import org.lathe.models.zoo.Zoo;
import org.lathe.models.zoo.parts.AttackedPictures;
import org.lathe.models.zoo.parts.PictureClassifier;

class AttackedPicturesTest {
  @Test
  void whatADefenceGivesBack() {
    assertEquals(0.5, AttackedPictures.recovered(0.9, 0.1, 0.5), 1e-12);
    assertEquals(1, AttackedPictures.recovered(0.9, 0.1, 0.9), 1e-12);
    assertTrue(AttackedPictures.recovered(0.9, 0.1, 0.05) < 0);
    assertEquals(0, AttackedPictures.recovered(0.9, 0.9, 0.95), "nothing was taken");
  }

  @Test
  void everyPictureClassifierOfTheZooCanBeAttacked() {
    Map<String, Attack> attacks = Map.of("fgsm", new FastGradientSign(0.1));
    List<PictureClassifier> all = Zoo.models().stream().filter(PictureClassifier.class::isInstance)
        .map(PictureClassifier.class::cast).toList();
    assertTrue(all.size() >= 5, "only " + all.size() + " classifiers were found");
    for (PictureClassifier classifier : all) {
      assertEquals(List.of("fgsm"), classifier.attacked(2, attacks).trace().reports(), classifier.name());
    }
  }

  /** A LeNet-5 that has just learned its digits errs under attack, and more so the stronger it is. */
  @Test
  void attacksTakeAccuracy() {
    PictureClassifier lenet5 = (PictureClassifier) Zoo.find("lenet5").orElseThrow();
    Dataset digits = Digits.generate(1000, System.nanoTime());
    try (Lathe lathe = Lathe.on("cpu");
        ModelState state = new ModelState(lathe, 1);
        BoundStep train = BoundStep.bind(lenet5.blueprint(50).training().getFirst(), state);
        BoundStep attacked = BoundStep.bind(
            lenet5.attacked(
                50,
                Map.of(
                    "clean", Attack.NONE, "fgsm", new FastGradientSign(0.1), "pgd",
                    new ProjectedGradient(0.1, 0.04, 5))),
            state)) {
      Batches batches = new Batches(digits, train, 1);
      for (int epoch = 0; epoch < 3; epoch++) {
        batches.beginEpoch(epoch);
        for (int i = 0; i < batches.count(); i++) {
          batches.fill(i);
          train.run();
        }
      }
      Map<String, Double> right = new Evaluation(attacked, digits.range(0, 200)).run();
      assertTrue(right.get("clean") > 0.5, right.toString());
      assertTrue(right.get("fgsm") < right.get("clean") - 0.1, right.toString());
      assertTrue(right.get("pgd") < right.get("fgsm") + 0.05, right.toString());
    }
  }
}
