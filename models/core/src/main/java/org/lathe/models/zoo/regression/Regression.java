package org.lathe.models.zoo.regression;

import java.util.List;
import org.lathe.compiler.op.Tensor;
import org.lathe.models.nets.Mlp;
import org.lathe.models.nn.Initializer;
import org.lathe.models.nn.Linear;
import org.lathe.models.nn.Sequential;
import org.lathe.models.optim.Adam;
import org.lathe.models.optim.Schedule;
import org.lathe.models.zoo.model.ZooModel;
import org.lathe.models.zoo.parts.DigitClassifier;

/** Regression and perceptrons. */
public final class Regression {
  /** As in {@code --family}. */
  public static final String FAMILY = "regression";

  private Regression() {}

  /** Its models, in the order in which they are listed. */
  public static List<ZooModel> models() {
    return List.of(softmaxRegression(), new XorModel(), mlp());
  }

  /** A linear classifier: 784 to 10. */
  private static DigitClassifier softmaxRegression() {
    return new DigitClassifier(
        "softmax-regression",
        FAMILY,
        "Cox 1958",
        0.88,
        new DigitClassifier.Parts(
            () -> DigitClassifier.Net.of(new Sequential(new Linear(784, 10, Initializer.ZEROS))),
            x -> x.flatten(1),
            new Adam(2e-3),
            100,
            8));
  }

  /** 784-256-128-10, ReLU; see {@link Mlp}. */
  private static DigitClassifier mlp() {
    return new DigitClassifier(
        "mlp",
        FAMILY,
        "Rumelhart, Hinton and Williams 1986",
        0.97,
        new DigitClassifier.Parts(
            () -> DigitClassifier.Net.of(new Mlp(Tensor::relu, Initializer.he(), 0.2, true, 784, 256, 128, 10)),
            x -> x.flatten(1),
            new Adam(Schedule.exponential(2e-3, 0.5, 500)),
            128,
            8));
  }
}
