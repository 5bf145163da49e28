package org.lathe.models.zoo.autoencoders;

import java.io.IOException;
import java.util.List;
import org.lathe.models.data.TrainTest;
import org.lathe.models.nets.ConvolutionalCoder;
import org.lathe.models.nn.Corruption;
import org.lathe.models.optim.Adam;
import org.lathe.models.optim.Schedule;
import org.lathe.models.train.EarlyStopping.Direction;
import org.lathe.models.zoo.autoencoders.PictureAutoencoder.Course;
import org.lathe.models.zoo.autoencoders.PictureAutoencoder.Fitted;
import org.lathe.models.zoo.autoencoders.PictureAutoencoder.Output;
import org.lathe.models.zoo.model.Card;
import org.lathe.models.zoo.model.TrainRequest;

/**
 * A convolutional autoencoder of digits (Masci, Meier, Ciresan and Schmidhuber 2011) with a code of 16 elements, see
 * {@link ConvolutionalCoder}, and beside it, as {@code conv-autoencoder/dense}, a dense one, 784-256-64-16 and back. Both see
 * the same digits as often, in the same order.
 *
 * <p>The bar is the mean squared error of held-out digits as a share of the dense one's.
 */
final class ConvAutoencoderModel extends PictureAutoencoderModel {
  private static final String NAME = "conv-autoencoder";
  private static final int CODE = 16;

  ConvAutoencoderModel() {
    super(
        new Card(
            NAME, Autoencoders.FAMILY, "Masci, Meier, Ciresan and Schmidhuber 2011", "error_over_dense",
            Direction.LOWER, 1, "digits, or mnist:DIR"),
        10_000, 1_000, List.of(part(NAME, Coders.convolutional(CODE)), part(NAME + "/dense", Coders.dense(CODE))));
  }

  private static PictureAutoencoder part(String name, PictureAutoencoder.Net net) {
    Adam optimizer = new Adam(Schedule.exponential(2e-3, 0.5, 400));
    return new PictureAutoencoder(
        name, net, Output.BERNOULLI, Corruption.NONE, null, new Course(optimizer, 100, 12));
  }

  @Override
  Found judge(TrainRequest request, TrainTest data, List<Fitted> fitted) throws IOException {
    int shown = PictureAutoencoder.SHOWN;
    LatentPictures.grid(
        request.out().resolve("digit-conv-dense.png"),
        LatentPictures.rows(
            LatentPictures.pixels(data.test(), shown), fitted.getFirst().shown().back(),
            fitted.getLast().shown().back()));
    return new Found(fitted.getFirst().error() / fitted.getLast().error(), List.of());
  }
}
