package org.lathe.peers;

import static org.bytedeco.pytorch.global.torch.*;
import static org.lathe.peers.Torch.*;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import org.bytedeco.pytorch.*;
import org.bytedeco.pytorch.Module;
import org.bytedeco.pytorch.global.torch;

/** Encoder-decoder, post-norm, sinusoidal positions, no dropout. */
final class Transformer {
  static final long E = 128, HEADS = 8, FF = 512, VOCABULARY = 256, STEPS = 32;
  final List<Module> modules = new ArrayList<>();
  final boolean fused;
  final Tensor positions;
  final Tensor mask;
  final EmbeddingImpl source, target;
  final LinearImpl out;
  final List<Function<Tensor, Tensor>> encoder = new ArrayList<>();
  final List<java.util.function.BinaryOperator<Tensor>> decoder = new ArrayList<>();

  /**
   * With {@code fused}, projections and scaled_dot_product_attention on {@code [batch, steps, width]}; else
   * MultiheadAttention on {@code [steps, batch, width]}.
   */
  Transformer(boolean fused) {
    this.fused = fused;
    float[] p = new float[(int) (STEPS * E)];
    for (int t = 0; t < STEPS; t++)
      for (int i = 0; i < E; i += 2) {
        double a = t / Math.pow(10000, (double) i / E);
        p[(int) (t * E + i)] = (float) Math.sin(a);
        p[(int) (t * E + i + 1)] = (float) Math.cos(a);
      }
    positions = Tensor.create(p).reshape(fused ? new long[]{1, STEPS, E} : new long[]{STEPS, 1, E});
    float[] hidden = new float[(int) (STEPS * STEPS)];
    for (int i = 0; i < STEPS; i++)
      for (int j = i + 1; j < STEPS; j++) hidden[(int) (i * STEPS + j)] = Float.NEGATIVE_INFINITY;
    mask = Tensor.create(hidden).reshape(STEPS, STEPS);
    source = add(modules, new EmbeddingImpl(VOCABULARY, E));
    target = add(modules, new EmbeddingImpl(VOCABULARY, E));
    for (int i = 0; i < 2; i++) {
      Attention self = new Attention(true);
      LayerNormImpl n1 = norm(), n2 = norm();
      UnaryOperator<Tensor> feed = feed();
      encoder.add(x -> {
        Tensor h = n1.forward(x.add(self.apply(x, x, false)));
        return n2.forward(h.add(feed.apply(h)));
      });
    }
    for (int i = 0; i < 2; i++) {
      Attention self = new Attention(true), cross = new Attention(false);
      LayerNormImpl n1 = norm(), n2 = norm(), n3 = norm();
      UnaryOperator<Tensor> feed = feed();
      decoder.add((y, memory) -> {
        Tensor h = n1.forward(y.add(self.apply(y, y, true)));
        h = n2.forward(h.add(cross.apply(h, memory, false)));
        return n3.forward(h.add(feed.apply(h)));
      });
    }
    out = linear(modules, E, VOCABULARY);
  }

  private LayerNormImpl norm() {
    return add(modules, new LayerNormImpl(new LongVector(new long[]{E})));
  }

  private UnaryOperator<Tensor> feed() {
    LinearImpl up = linear(modules, E, FF), down = linear(modules, FF, E);
    return x -> down.forward(relu(up.forward(x)));
  }

  private final class Attention {
    final MultiheadAttentionImpl module;
    final LinearImpl qkv, q, kv, project;

    Attention(boolean self) {
      module = fused ? null : add(modules, new MultiheadAttentionImpl(E, HEADS));
      qkv = fused && self ? linear(modules, E, 3 * E) : null;
      q = fused && !self ? linear(modules, E, E) : null;
      kv = fused && !self ? linear(modules, E, 2 * E) : null;
      project = fused ? linear(modules, E, E) : null;
    }

    Tensor apply(Tensor x, Tensor memory, boolean causal) {
      if (module != null)
        return module.forward(x, memory, memory, new Tensor(), false, causal ? mask : new Tensor(), false).get0();
      Tensor a;
      if (qkv != null) {
        Tensor all = split(qkv.forward(x), 3);
        a = causal(all.select(0, 0), all.select(0, 1), all.select(0, 2), causal);
      } else {
        Tensor both = split(kv.forward(memory), 2);
        a = causal(split(q.forward(x), 1).select(0, 0), both.select(0, 0), both.select(0, 1), causal);
      }
      return project.forward(a.transpose(1, 2).reshape(-1, STEPS, E));
    }

    private Tensor split(Tensor t, long parts) {
      return t.view(-1, STEPS, parts, HEADS, E / HEADS).permute(2, 0, 3, 1, 4);
    }
  }

  private Tensor embed(EmbeddingImpl table, Tensor ids) {
    return table.forward(ids).mul(new Scalar(Math.sqrt(E))).add(positions);
  }

  Tensor forward(Tensor src, Tensor tgt) {
    Tensor x = embed(source, src);
    for (Function<Tensor, Tensor> layer : encoder) x = layer.apply(x);
    Tensor y = embed(target, tgt);
    for (var layer : decoder) y = layer.apply(y, x);
    return out.forward(y);
  }

  /** Token ids in the layout that this form reads. */
  Tensor ids(long batch) {
    return fused ? labels(VOCABULARY, batch, STEPS) : labels(VOCABULARY, STEPS, batch);
  }
}
