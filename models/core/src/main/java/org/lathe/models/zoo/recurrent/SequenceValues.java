package org.lathe.models.zoo.recurrent;

import java.util.random.RandomGenerator;
import org.lathe.compiler.ir.Literal;
import org.lathe.hal.DType;
import org.lathe.models.bench.StepWorkload.Values;

/** What fills the inputs of sequence models in benchmarks and checks. */
final class SequenceValues {
  private SequenceValues() {}

  /**
   * Floats uniform in [0.5, 1.5), integers uniform below {@code classes}, except that an input {@code length} is from 1 to
   * {@code classes}.
   */
  static Values of(int classes) {
    return (field, random) -> {
      boolean length = field.name().equals("length");
      double[] data = new double[Math.toIntExact(field.type().size())];
      for (int i = 0; i < data.length; i++) {
        data[i] = value(field.type().dtype(), length ? 1 : 0, classes, random);
      }
      return Literal.adopt(field.type(), data);
    };
  }

  private static double value(DType dtype, int least, int classes, RandomGenerator random) {
    return dtype == DType.I32 ? least + random.nextInt(classes) : (float) (0.5 + random.nextDouble());
  }
}
