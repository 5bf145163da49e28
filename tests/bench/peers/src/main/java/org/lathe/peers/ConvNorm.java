package org.lathe.peers;

import static org.bytedeco.pytorch.global.torch.*;
import static org.lathe.peers.Torch.*;

import java.util.List;
import org.bytedeco.pytorch.*;
import org.bytedeco.pytorch.Module;
import org.bytedeco.pytorch.global.torch;

/** A convolution and its batch norm, which {@link #fold} turns into one convolution with a bias. */
final class ConvNorm {
  final Conv2dImpl conv;
  final BatchNorm2dImpl norm;
  final long[] stride;
  final long[] pad;
  Tensor foldedWeight;
  TensorOptional foldedBias;

  ConvNorm(List<Module> m, long in, long out, long k, long stride, long pad) {
    conv = convolution(m, in, out, k, stride, pad, false);
    norm = norm(m, out);
    this.stride = new long[]{stride, stride};
    this.pad = new long[]{pad, pad};
  }

  Tensor forward(Tensor x) {
    if (foldedWeight != null) return torch.conv2d(x, foldedWeight, foldedBias, stride, pad, new long[]{1, 1}, 1);
    return norm.forward(conv.forward(x));
  }

  void fold() {
    Tensor scale = norm.weight().div(norm.running_var().add(new Scalar(1e-5)).sqrt());
    foldedWeight = conv.weight().mul(scale.view(-1, 1, 1, 1)).contiguous(conv.weight().suggest_memory_format());
    foldedBias = new TensorOptional(norm.bias().sub(norm.running_mean().mul(scale)));
  }

  /** Weights reordered once into oneDNN's own layout, as PyTorch's optimize_for_inference does. */
  void pack() {
    foldedWeight = mkldnn_reorder_conv2d_weight(foldedWeight.to_mkldnn(), pad, stride, new long[]{1, 1}, 1,
        new LongArrayRefOptional());
    foldedBias = new TensorOptional(foldedBias.get().to_mkldnn());
  }
}
