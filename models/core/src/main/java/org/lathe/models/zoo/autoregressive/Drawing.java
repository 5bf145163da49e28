package org.lathe.models.zoo.autoregressive;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;
import org.lathe.compiler.op.Tensor;
import org.lathe.models.nets.PixelNet;
import org.lathe.models.nn.PixelSampler;
import org.lathe.models.train.BoundStep;
import org.lathe.models.train.Field;
import org.lathe.models.train.ModelState;
import org.lathe.models.train.Step;
import org.lathe.models.train.StepContext;

/** Draws pictures of a trained net, so many at a time, as one compiled program. Closed before the state. One thread. */
final class Drawing implements AutoCloseable {
  private final PixelNet net;
  private final int batch;
  private final int pixels;
  private final BoundStep step;

  Drawing(PixelNet net, int batch, ModelState state) {
    this.net = net;
    this.batch = batch;
    this.pixels = Math.toIntExact(net.side() * net.side());
    step = BoundStep.bind(step(net, batch), state);
  }

  /** What drawing compiles. */
  static Step step(PixelNet net, int batch) {
    List<Field> fields = new ArrayList<>(
        List.of(
            Field.floats("noise", batch, net.side(), net.side()), Field.ints("given", batch, net.side(), net.side())));
    if (net.classes() > 0) {
      fields.add(Field.ints("label", batch));
    }
    return Step.inference(
        "draw",
        net,
        fields,
        c -> {
          PixelSampler.Drawn drawn = net.draw(c.input("noise"), c.input("given"), label(net, c));
          c.report("level", drawn.levels());
          c.report("logits", drawn.logits());
        });
  }

  /** The step's labels, or null for a net without classes. */
  static @Nullable Tensor label(PixelNet net, StepContext c) {
    return net.classes() > 0 ? c.input("label") : null;
  }

  /**
   * Draws what is not given.
   *
   * @param given [count, pixels], {@link PixelSampler#FREE} where a level is to be drawn
   * @param labels [count]
   */
  int[] draw(int[] given, int[] labels, long seed) {
    int count = given.length / pixels;
    int[] all = new int[given.length];
    SplittableRandom random = new SplittableRandom(seed);
    for (int first = 0; first < count; first += batch) {
      int here = Math.min(batch, count - first);
      int[] part = Arrays.copyOf(Arrays.copyOfRange(given, first * pixels, (first + here) * pixels), batch * pixels);
      float[] noise = new float[batch * pixels];
      for (int i = 0; i < here * pixels; i++) {
        noise[i] = random.nextInt(1 << 24) / (float) (1 << 24);
      }
      step.input("noise").write(noise);
      step.input("given").write(part);
      if (net.classes() > 0) {
        step.input("label").write(Arrays.copyOf(Arrays.copyOfRange(labels, first, first + here), batch));
      }
      step.run();
      long[] levels = step.report("level").toLongs();
      for (int i = 0; i < here * pixels; i++) {
        all[first * pixels + i] = (int) levels[i];
      }
    }
    return all;
  }

  /** The logits of the pictures drawn last, [batch, side, side, levels]. */
  float[] logits() {
    return step.report("logits").toFloats();
  }

  /** Nothing is given. */
  static int[] nothing(int count, int pixels) {
    int[] given = new int[count * pixels];
    Arrays.fill(given, PixelSampler.FREE);
    return given;
  }

  /** The upper half of each picture is given. */
  static int[] upperHalves(int[] levels, int pixels) {
    int[] given = levels.clone();
    for (int i = 0; i < given.length; i++) {
      if (i % pixels >= pixels / 2) {
        given[i] = PixelSampler.FREE;
      }
    }
    return given;
  }

  @Override
  public void close() {
    step.close();
  }
}
