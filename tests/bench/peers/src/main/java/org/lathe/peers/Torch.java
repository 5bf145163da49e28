package org.lathe.peers;

import static org.bytedeco.pytorch.global.torch.*;

import java.util.ArrayList;
import java.util.List;
import org.bytedeco.javacpp.LongPointer;
import org.bytedeco.pytorch.*;
import org.bytedeco.pytorch.Module;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.MemoryFormat;

/** Parts of networks as PyTorch has them, and what several rows make of them. */
final class Torch {
  static final MemoryFormat NHWC = MemoryFormat.ChannelsLast;

  private Torch() {}

  static Tensor layout(Tensor t, boolean last) {
    return last ? t.contiguous(NHWC) : t;
  }

  static Tensor causal(Tensor q, Tensor k, Tensor v, boolean masked) {
    return scaled_dot_product_attention(q, k, v, new TensorOptional(), 0.0, masked, new DoubleOptional(), false);
  }

  static List<Tensor> parameters(Module m) {
    List<Tensor> all = new ArrayList<>();
    TensorVector p = m.parameters();
    for (long i = 0; i < p.size(); i++) all.add(p.get(i));
    return all;
  }

  static <M extends Module> M add(List<Module> modules, M m) {
    modules.add(m);
    return m;
  }

  static TensorVector parameters(List<Module> modules) {
    TensorVector all = new TensorVector();
    for (Module m : modules) for (Tensor t : parameters(m)) all.push_back(t);
    return all;
  }

  static LinearImpl linear(List<Module> modules, long in, long out) {
    return add(modules, new LinearImpl(in, out));
  }

  static Conv2dImpl convolution(List<Module> modules, long in, long out, long k, long stride, long pad, boolean bias) {
    Conv2dOptions o = new Conv2dOptions(in, out, new LongPointer(k, k));
    o.stride().put(0, stride).put(1, stride);
    o.padding().put(new LongPointer(pad, pad));
    o.bias().put(bias);
    return add(modules, new Conv2dImpl(o));
  }

  static BatchNorm2dImpl norm(List<Module> modules, long channels) {
    return add(modules, new BatchNorm2dImpl(new BatchNormOptions(channels)));
  }

  static Tensor labels(long classes, long... shape) {
    return randint(classes, shape, new TensorOptions(kLong()));
  }
}
