package org.lathe.models.zoo.autoencoders;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import org.lathe.models.data.Digits;
import org.lathe.models.data.TrainTest;
import org.lathe.models.nn.Corruption;
import org.lathe.models.nn.Sparsity;
import org.lathe.models.optim.Adam;
import org.lathe.models.optim.Schedule;
import org.lathe.models.train.EarlyStopping.Direction;
import org.lathe.models.zoo.autoencoders.PictureAutoencoder.Course;
import org.lathe.models.zoo.autoencoders.PictureAutoencoder.Fitted;
import org.lathe.models.zoo.autoencoders.PictureAutoencoder.Output;
import org.lathe.models.zoo.model.Card;
import org.lathe.models.zoo.model.TrainRequest;
import org.lathe.models.zoo.parts.PictureGrid;

/**
 * A sparse autoencoder of digits (Ng 2011), 784-196-784, sigmoid units, whose units are to be active 5% of the time: by the
 * Kullback-Leibler divergence of their means from that target, and beside it, as {@code sparse-autoencoder/l1}, by a penalty
 * on the activations' magnitudes; see {@link Sparsity}.
 *
 * <p>The bar is how far the mean activation on held-out digits is from its target, as a share of the target, in the worse of
 * the two. Both have to leave at most half of the digits' variance, so that sparsity is not had by a code that says nothing.
 */
final class SparseAutoencoderModel extends PictureAutoencoderModel {
  private static final String NAME = "sparse-autoencoder";
  private static final int CODE = 196;
  private static final double TARGET = 0.05;
  private static final int COLUMNS = 14;

  SparseAutoencoderModel() {
    super(
        new Card(NAME, Autoencoders.FAMILY, "Ng 2011", "sparsity_error", Direction.LOWER, 0.2, "digits, or mnist:DIR"),
        10_000, 1_000,
        List.of(
            part(NAME, 16, () -> new Sparsity.KullbackLeibler(TARGET, 40)),
            part(NAME + "/l1", 24, () -> new Sparsity.AbsoluteValue(TARGET, 0.003))));
  }

  private static PictureAutoencoder part(String name, int epochs, Supplier<Sparsity> sparsity) {
    Adam optimizer = new Adam(Schedule.exponential(5e-3, 0.5, 600));
    return new PictureAutoencoder(
        name, Coders.sigmoid(CODE, TARGET), Output.BERNOULLI, Corruption.NONE, sparsity,
        new Course(optimizer, 100, epochs));
  }

  @Override
  Found judge(TrainRequest request, TrainTest data, List<Fitted> fitted) throws IOException {
    double worst = 0;
    List<Requirement> requirements = new ArrayList<>();
    double variance = PixelVariance.of(data.test());
    for (Fitted f : fitted) {
      worst = Math.max(worst, Math.abs(f.measured().getOrDefault("activation", Double.NaN) / TARGET - 1));
      requirements.add(new Requirement("error_over_variance", Direction.LOWER, f.error() / variance, 0.5));
    }
    PictureGrid.writeSigned(
        request.out().resolve("filters.png"), filters(fitted.getFirst(), CODE), Digits.SIDE, COLUMNS);
    PictureGrid.writeSigned(
        request.out().resolve("filters-l1.png"), filters(fitted.getLast(), CODE), Digits.SIDE, COLUMNS);
    return new Found(worst, requirements);
  }

  /** What each hidden unit of {@link Coders#sigmoid} looks for, [code, 28, 28]. */
  static float[] filters(Fitted fitted, int code) {
    double[] weights = fitted.values("net.encoder.0.weight");
    float[] values = new float[weights.length];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) weights[i];
    }
    return PictureGrid.transposed(values, Digits.SIDE * Digits.SIDE, code);
  }
}
