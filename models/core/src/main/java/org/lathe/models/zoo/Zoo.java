package org.lathe.models.zoo;

import java.util.List;
import java.util.Optional;

/** All models. */
public final class Zoo {
  private static final List<ZooModel> MODELS = List.of(
      new XorModel(),
      DigitClassifier.softmaxRegression(),
      DigitClassifier.mlp(),
      DigitClassifier.lenet5(),
      new LstmModel(),
      new TransformerLmModel(),
      new VaeModel(),
      new WganGpModel());

  private Zoo() {}

  public static List<ZooModel> models() {
    return MODELS;
  }

  public static List<String> names() {
    return MODELS.stream().map(ZooModel::name).toList();
  }

  public static Optional<ZooModel> find(String name) {
    return MODELS.stream().filter(m -> m.name().equals(name)).findFirst();
  }
}
