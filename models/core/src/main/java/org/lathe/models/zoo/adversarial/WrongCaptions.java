package org.lathe.models.zoo.adversarial;

import java.util.ArrayList;
import java.util.List;
import org.lathe.compiler.op.Tensor;
import org.lathe.hal.DType;
import org.lathe.models.data.Shapes;

/**
 * Captions that do not go with the pictures of a batch, for critics that are to mind captions (Reed, Akata, Yan, Logeswaran,
 * Schiele and Lee 2016). Each is a right caption with a part of it changed, for a critic learns nothing of figures from
 * captions that are wrong about all else too.
 *
 * <p>Captions are those of {@link Shapes}, i32 [batch, words]; wrong ones are [batch, captions, words].
 */
final class WrongCaptions {
  private static final int COLOUR = 2;
  private static final int FIGURE = 3;

  private WrongCaptions() {}

  /** With each of the other figures. */
  static Tensor figures(Tensor captions) {
    return others(captions, FIGURE, Shapes.Figure.values()[0].word(), Shapes.Figure.values().length);
  }

  /** With each of the other colours. */
  static Tensor colours(Tensor captions) {
    return others(captions, COLOUR, Shapes.Colour.values()[0].word(), Shapes.Colour.values().length);
  }

  /** With the size and the place of the next caption of the batch, which may be the same. */
  static Tensor places(Tensor captions) {
    Tensor next = Tensor.concat(0, captions.slice(0, 1, captions.dim(0)), captions.slice(0, 0, 1));
    return at(captions, COLOUR).or(at(captions, FIGURE)).where(captions, next).expandDims(1);
  }

  private static Tensor at(Tensor captions, int position) {
    return Tensor.iota(captions.builder(), DType.I32, captions.shape(), 1).equalTo(position);
  }

  /** With each word out of {@code count} from {@code first} on but the one that is at the position. */
  private static Tensor others(Tensor captions, int position, String first, int count) {
    List<Tensor> all = new ArrayList<>();
    for (int k = 0; k < count - 1; k++) {
      int word = Shapes.vocabulary().token(first) + k;
      Tensor other = captions.lessEqual(word).cast(DType.I32).add(word);
      all.add(at(captions, position).where(other, captions));
    }
    return Tensor.stack(1, all);
  }
}
