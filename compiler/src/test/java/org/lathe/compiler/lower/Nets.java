package org.lathe.compiler.lower;

import java.util.ArrayList;
import java.util.List;
import java.util.function.BiFunction;
import org.lathe.compiler.ir.Graph;
import org.lathe.compiler.op.Attentions;
import org.lathe.compiler.op.Convolutions;
import org.lathe.compiler.op.Gradients;
import org.lathe.compiler.op.LossOps;
import org.lathe.compiler.op.Normalisations;
import org.lathe.compiler.op.PoolingOps;
import org.lathe.compiler.op.Recurrences;
import org.lathe.compiler.op.Tensor;

/** Training steps of small nets, as models trace them: loss, gradients, and the optimiser's update in one graph. */
final class Nets {

  /** A graph whose outputs are the loss, then the new state of what {@code donations} name. */
  record Step(Graph graph, List<Donation> donations) {
    Donation[] donated() {
      return donations.toArray(Donation[]::new);
    }
  }

  private Nets() {}

  private static Step step(
      List<String> data, List<String> parameters, boolean adam, BiFunction<List<Tensor>, List<Tensor>, Tensor> loss) {
    List<String> types = new ArrayList<>(data);
    types.addAll(parameters);
    types.addAll(parameters);
    if (adam) {
      types.addAll(parameters);
      types.add("f32[]");
    }
    int d = data.size();
    int n = parameters.size();
    Graph graph = Programs.trace(
        in -> {
          List<Tensor> p = in.subList(d, d + n);
          Tensor value = loss.apply(in.subList(0, d), p);
          List<Tensor> gradients = Gradients.gradients(value, p);
          List<Tensor> outputs = new ArrayList<>(List.of(value));
          List<Tensor> newStates = new ArrayList<>();
          List<Tensor> newSquares = new ArrayList<>();
          for (int i = 0; i < n; i++) {
            Tensor g = gradients.get(i);
            Tensor s = in.get(d + n + i);
            if (adam) {
              Tensor t = in.getLast();
              Tensor m = s.mul(0.9).add(g.mul(0.1));
              Tensor v = in.get(d + 2 * n + i).mul(0.999).add(g.square().mul(0.001));
              Tensor mHat = m.div(t.like(0.9).pow(t).subtractedFrom(1));
              Tensor vHat = v.div(t.like(0.999).pow(t).subtractedFrom(1));
              outputs.add(p.get(i).sub(mHat.div(vHat.sqrt().add(1e-8)).mul(1e-3)));
              newStates.add(m);
              newSquares.add(v);
            } else {
              Tensor m = s.mul(0.9).add(g);
              outputs.add(p.get(i).sub(m.mul(0.01)));
              newStates.add(m);
            }
          }
          outputs.addAll(newStates);
          outputs.addAll(newSquares);
          return outputs;
        },
        types.toArray(String[]::new));
    List<Donation> donations = new ArrayList<>();
    for (int i = 1; i < graph.outputs().size(); i++) {
      donations.add(new Donation(d + i - 1, i));
    }
    return new Step(graph, donations);
  }

  static Step mlp(long batch, long in, long hidden, long classes, boolean adam) {
    return step(
        List.of("f32[" + batch + "," + in + "]", "i32[" + batch + "]"),
        List.of(
            "f32[" + in + "," + hidden + "]",
            "f32[" + hidden + "]",
            "f32[" + hidden + "," + hidden + "]",
            "f32[" + hidden + "]",
            "f32[" + hidden + "," + classes + "]",
            "f32[" + classes + "]"),
        adam,
        (x, p) -> {
          Tensor h = x.get(0).matmul(p.get(0)).add(p.get(1)).maximum(0);
          h = h.matmul(p.get(2)).add(p.get(3)).maximum(0);
          return LossOps.softmaxCrossEntropy(h.matmul(p.get(4)).add(p.get(5)), x.get(1)).mean();
        });
  }

  static Step lenet5(long batch) {
    return step(
        List.of("f32[" + batch + ",1,32,32]", "i32[" + batch + "]"),
        List.of(
            "f32[6,1,5,5]", "f32[6]", "f32[16,6,5,5]", "f32[16]", "f32[400,120]", "f32[120]", "f32[120,84]", "f32[84]",
            "f32[84,10]", "f32[10]"),
        false,
        (x, p) -> {
          Tensor h = x.get(0);
          for (int i = 0; i < 4; i += 2) {
            h = h.conv2d(p.get(i), Convolutions.Options.DEFAULT);
            h = h.add(p.get(i + 1).reshape(1, p.get(i + 1).dim(0), 1, 1)).tanh().meanPool(PoolingOps.Options.of(2));
          }
          h = h.flatten(1);
          for (int i = 4; i < 10; i += 2) {
            h = h.matmul(p.get(i)).add(p.get(i + 1));
            h = i < 8 ? h.tanh() : h;
          }
          return LossOps.softmaxCrossEntropy(h, x.get(1)).mean();
        });
  }

  /** A residual block with batch normalisation between two convolutions. */
  static Step residual(long batch, long channels, long side) {
    String filters = "f32[" + channels + "," + channels + ",3,3]";
    String vector = "f32[" + channels + "]";
    return step(
        List.of("f32[" + batch + "," + channels + "," + side + "," + side + "]", "i32[" + batch + "]"),
        List.of(filters, vector, vector, filters, vector, vector, "f32[" + channels + ",10]"),
        false,
        (x, p) -> {
          Convolutions.Options same = Convolutions.Options.DEFAULT.withPad(1);
          Tensor h = x.get(0).conv2d(p.get(0), same);
          h = Normalisations.batchNormTraining(h, p.get(1), p.get(2), 1e-5).output().maximum(0);
          h = h.conv2d(p.get(3), same);
          h = Normalisations.batchNormTraining(h, p.get(4), p.get(5), 1e-5).output().add(x.get(0)).maximum(0);
          return LossOps.softmaxCrossEntropy(h.mean(2, 3).matmul(p.get(6)), x.get(1)).mean();
        });
  }

  /** A transformer block over embedded tokens, and its language model loss. */
  static Step transformer(long batch, long steps, long width, long heads, long vocabulary) {
    String square = "f32[" + width + "," + width + "]";
    String vector = "f32[" + width + "]";
    return step(
        List.of("i32[" + batch + "," + steps + "]", "i32[" + batch + "," + steps + "]"),
        List.of(
            "f32[" + vocabulary + "," + width + "]",
            square, square, square, square,
            vector, vector, vector, vector,
            "f32[" + width + "," + 4 * width + "]", "f32[" + 4 * width + "]", "f32[" + 4 * width + "," + width + "]",
            vector,
            "f32[" + width + "," + vocabulary + "]"),
        true,
        (x, p) -> {
          Tensor e = p.get(0).gather(x.get(0));
          Tensor n = Normalisations.layerNorm(e, p.get(5), p.get(6), 1e-5);
          Tensor a = Attentions.attention(
              split(n.matmul(p.get(1)), heads), split(n.matmul(p.get(2)), heads), split(n.matmul(p.get(3)), heads),
              null, true);
          Tensor joined = a.permute(0, 2, 1, 3).reshape(batch, steps, width);
          Tensor h = e.add(joined.matmul(p.get(4)));
          Tensor f = Normalisations.layerNorm(h, p.get(7), p.get(8), 1e-5);
          h = h.add(f.matmul(p.get(9)).add(p.get(10)).geluTanh().matmul(p.get(11)).add(p.get(12)));
          Tensor logits = h.matmul(p.get(13)).reshape(batch * steps, vocabulary);
          return LossOps.softmaxCrossEntropy(logits, x.get(1).reshape(batch * steps)).mean();
        });
  }

  private static Tensor split(Tensor x, long heads) {
    return x.reshape(x.dim(0), x.dim(1), heads, x.dim(2) / heads).permute(0, 2, 1, 3);
  }

  /** An LSTM language model of one layer. */
  static Step lstm(long batch, long steps, long width, long vocabulary) {
    return step(
        List.of("i32[" + steps + "," + batch + "]", "i32[" + steps + "," + batch + "]"),
        List.of(
            "f32[" + vocabulary + "," + width + "]",
            "f32[" + width + "," + 4 * width + "]",
            "f32[" + width + "," + 4 * width + "]",
            "f32[" + 4 * width + "]",
            "f32[" + width + "," + vocabulary + "]",
            "f32[" + vocabulary + "]"),
        true,
        (x, p) -> {
          Tensor e = p.get(0).gather(x.get(0));
          Tensor projected = e.matmul(p.get(1)).add(p.get(3));
          Tensor zero = Tensor.fill(
              e.builder(), org.lathe.compiler.ir.TensorType.of(org.lathe.hal.DType.F32, batch, width), 0);
          Tensor h = Recurrences.lstm(projected, p.get(2), zero, zero, false).states();
          Tensor logits = h.matmul(p.get(4)).add(p.get(5)).reshape(steps * batch, vocabulary);
          return LossOps.softmaxCrossEntropy(logits, x.get(1).reshape(steps * batch)).mean();
        });
  }
}
