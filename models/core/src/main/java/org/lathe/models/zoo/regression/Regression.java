package org.lathe.models.zoo.regression;

import java.util.List;
import org.lathe.models.nn.Initializer;
import org.lathe.models.nn.Linear;
import org.lathe.models.nn.Sequential;
import org.lathe.models.optim.Adam;
import org.lathe.models.zoo.model.ZooModel;
import org.lathe.models.zoo.parts.PictureClassifier;
import org.lathe.models.zoo.parts.PictureClassifier.Head;
import org.lathe.models.zoo.parts.Pictures;

/** Regression and perceptrons. */
public final class Regression {
  /** As in {@code --family}. */
  public static final String FAMILY = "regression";

  private Regression() {}

  /** Its models, in the order in which they are listed. */
  public static List<ZooModel> models() {
    return List.of(
        new LinearRegressionModel(), new PolynomialRegressionModel(),
        linear("logistic-regression", "Berkson 1944; Cox 1958", Head.SIGMOID),
        linear("softmax-regression", "Cox 1958; Bridle 1990", Head.SOFTMAX), new XorModel(), new MlpModel(),
        new DeepLinearModel(), new EnsembleModel());
  }

  /** A linear classifier: 784 to 10. */
  private static PictureClassifier linear(String name, String paper, Head head) {
    return new PictureClassifier(
        name,
        FAMILY,
        paper,
        0.88,
        new PictureClassifier.Parts(
            Pictures.DIGITS,
            () -> PictureClassifier.Net.of(new Sequential(new Linear(784, 10, Initializer.ZEROS))),
            x -> x.flatten(1),
            new Adam(2e-3),
            100,
            8).with(head));
  }
}
