package org.lathe.models.zoo.autoencoders;

import java.io.IOException;
import java.util.List;
import java.util.Locale;
import org.lathe.models.data.Digits;
import org.lathe.models.data.TrainTest;
import org.lathe.models.linalg.Subspaces;
import org.lathe.models.nn.Corruption;
import org.lathe.models.optim.Adam;
import org.lathe.models.optim.Schedule;
import org.lathe.models.optim.Sgd;
import org.lathe.models.train.EarlyStopping.Direction;
import org.lathe.models.zoo.autoencoders.PictureAutoencoder.Course;
import org.lathe.models.zoo.autoencoders.PictureAutoencoder.Fitted;
import org.lathe.models.zoo.autoencoders.PictureAutoencoder.Output;
import org.lathe.models.zoo.model.Card;
import org.lathe.models.zoo.model.TrainRequest;
import org.lathe.models.zoo.parts.Pca;

/**
 * An autoencoder of digits with a bottleneck (Rumelhart, Hinton and Williams 1986), 784-256-64-9 and back, and beside it, as
 * {@code autoencoder/linear}, the linear one, 784-9-784, which finds the space of as many principal components (Baldi and
 * Hornik 1989).
 *
 * <p>The bar is the mean squared error of held-out digits as a share of that of the components; and the largest principal
 * angle between the space that the linear decoder spans and that of the components is to be under 5 degrees. The code has 9
 * elements because the tenth component is well apart from the ninth, so that the space is well determined.
 */
final class AutoencoderModel extends PictureAutoencoderModel {
  private static final String NAME = "autoencoder";
  private static final int CODE = 9;
  private static final double DEGREES = 5;

  AutoencoderModel() {
    super(
        new Card(
            NAME, Autoencoders.FAMILY, "Rumelhart, Hinton and Williams 1986; Baldi and Hornik 1989", "error_over_pca",
            Direction.LOWER, 1, "digits, or mnist:DIR"),
        10_000, 1_000,
        List.of(
            new PictureAutoencoder(
                NAME, Coders.dense(CODE), Output.BERNOULLI, Corruption.NONE, null,
                new Course(new Adam(Schedule.exponential(2e-3, 0.5, 400)), 100, 15)),
            new PictureAutoencoder(
                NAME + "/linear", Coders.linear(CODE), Output.LINEAR, Corruption.NONE, null,
                new Course(new Sgd(Schedule.cosine(0.02, 2e-4, 570), 0.9, false), 500, 30))));
  }

  @Override
  Found judge(TrainRequest request, TrainTest data, List<Fitted> fitted) throws IOException {
    Pca pca = Pca.fit(PictureAutoencoder.rest(data.train()), "image", CODE);
    double components = pca.error(data.test(), "image");
    double[] weights = fitted.getLast().values("net.decoder.weight");
    int pixels = Digits.SIDE * Digits.SIDE;
    double[][] rows = new double[CODE][pixels];
    for (int k = 0; k < CODE; k++) {
      System.arraycopy(weights, k * pixels, rows[k], 0, pixels);
    }
    double degrees = Math.toDegrees(Subspaces.largestAngle(rows, pca.components()));
    request.listener().note(
        String.format(
            Locale.ROOT,
            "squared error of %d principal components %.5f; the linear decoder's space is %.2f degrees from theirs",
            CODE,
            components, degrees));
    int shown = PictureAutoencoder.SHOWN;
    LatentPictures.grid(
        request.out().resolve("digit-code-linear-pca.png"),
        LatentPictures.rows(
            LatentPictures.pixels(data.test(), shown), fitted.getFirst().shown().back(),
            fitted.getLast().shown().back(), pca.reconstruct(data.test().range(0, shown), "image")));
    return new Found(
        fitted.getFirst().error() / components,
        List.of(new Requirement("principal_angle", Direction.LOWER, degrees, DEGREES)));
  }
}
