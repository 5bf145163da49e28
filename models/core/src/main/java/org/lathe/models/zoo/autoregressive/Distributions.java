package org.lathe.models.zoo.autoregressive;

import java.util.SplittableRandom;
import org.lathe.models.nets.PixelNet;
import org.lathe.models.train.BoundStep;
import org.lathe.models.train.ModelState;
import org.lathe.models.train.Step;

/** What a trained net says of all pixels of whole pictures, so many at a time. Closed before the state. One thread. */
final class Distributions implements AutoCloseable {
  private final PixelNet net;
  private final int batch;
  private final int pixels;
  private final BoundStep step;

  Distributions(PixelNet net, int batch, ModelState state) {
    this.net = net;
    this.batch = batch;
    pixels = Math.toIntExact(net.side() * net.side());
    step = BoundStep.bind(step(net, batch), state);
  }

  /** What is compiled. */
  static Step step(PixelNet net, int batch) {
    return Step.inference(
        "distributions",
        net,
        PixelModel.fields(net, batch),
        c -> c.report("logits", net.logits(c.input("level"), Drawing.label(net, c))));
  }

  /**
   * Logits [batch, side, side, levels] of pictures [batch, side, side].
   *
   * @param labels [batch]
   */
  float[] logits(int[] levels, int[] labels) {
    step.input("level").write(levels);
    if (net.classes() > 0) {
      step.input("label").write(labels);
    }
    step.run();
    return step.report("logits").toFloats();
  }

  /** Changes one pixel of each picture; the largest change of a logit at that pixel or before it, where there is to be none. */
  double leak(int[] levels, int[] labels, long seed) {
    int each = Math.toIntExact(net.levels());
    float[] before = logits(levels, labels);
    int[] changed = levels.clone();
    int[] at = new SplittableRandom(seed).ints(batch, 0, pixels).toArray();
    for (int i = 0; i < batch; i++) {
      int p = i * pixels + at[i];
      changed[p] = (changed[p] + 1) % each;
    }
    float[] after = logits(changed, labels);
    double largest = 0;
    for (int i = 0; i < batch; i++) {
      for (int k = i * pixels * each; k < (i * pixels + at[i] + 1) * each; k++) {
        largest = Math.max(largest, Math.abs(before[k] - after[k]));
      }
    }
    return largest;
  }

  @Override
  public void close() {
    step.close();
  }
}
