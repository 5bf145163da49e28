package org.lathe.models.zoo.autoencoders;

import java.io.IOException;
import java.util.List;
import org.lathe.models.data.Digits;
import org.lathe.models.data.TrainTest;
import org.lathe.models.nn.Corruption;
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
 * A denoising autoencoder of digits (Vincent, Larochelle, Bengio and Manzagol 2008), 784-400-784, sigmoid units: 30% of the
 * pixels are set to 0, and it gives the picture without the damage.
 *
 * <p>The bar is the mean squared error of a held-out pixel as a share of that of the damaged picture.
 */
final class DenoisingAutoencoderModel extends PictureAutoencoderModel {
  private static final String NAME = "denoising-autoencoder";
  private static final int CODE = 400;
  private static final double DAMAGE = 0.3;
  private static final int COLUMNS = 20;

  DenoisingAutoencoderModel() {
    super(
        new Card(
            NAME, Autoencoders.FAMILY, "Vincent, Larochelle, Bengio and Manzagol 2008", "error_over_noise",
            Direction.LOWER, 0.5, "digits, or mnist:DIR"),
        10_000, 1_000,
        List.of(
            new PictureAutoencoder(
                NAME, Coders.sigmoid(CODE, 0.5), Output.BERNOULLI, Corruption.masking(DAMAGE), null,
                new Course(new Adam(Schedule.exponential(3e-3, 0.5, 400)), 100, 12))));
  }

  @Override
  Found judge(TrainRequest request, TrainTest data, List<Fitted> fitted) throws IOException {
    Fitted own = fitted.getFirst();
    PictureGrid.writeSigned(
        request.out().resolve("filters.png"), SparseAutoencoderModel.filters(own, CODE), Digits.SIDE, COLUMNS);
    return new Found(own.error() / own.measured().getOrDefault("noise", Double.NaN), List.of());
  }
}
