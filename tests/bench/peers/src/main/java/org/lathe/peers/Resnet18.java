package org.lathe.peers;

import static org.bytedeco.pytorch.global.torch.*;
import static org.lathe.peers.Torch.*;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import org.bytedeco.pytorch.*;
import org.bytedeco.pytorch.Module;
import org.bytedeco.pytorch.global.torch;

final class Resnet18 {
  final List<Module> modules = new ArrayList<>();
  final List<ConvNorm> convs = new ArrayList<>();
  final List<Function<Tensor, Tensor>> blocks = new ArrayList<>();
  final ConvNorm stem;
  final LinearImpl head;
  final boolean small;

  Resnet18(boolean small, boolean last) {
    this.small = small;
    stem = unit(3, 64, small ? 3 : 7, small ? 1 : 2, small ? 1 : 3);
    long in = 64;
    for (int stage = 0; stage < 4; stage++) {
      long c = 64L << stage;
      for (int i = 0; i < 2; i++) {
        block(in, c, stage > 0 && i == 0 ? 2 : 1);
        in = c;
      }
    }
    head = linear(modules, 512, small ? 10 : 1000);
    if (last) for (ConvNorm u : convs) u.conv.weight().set_data(u.conv.weight().detach().contiguous(NHWC));
  }

  private ConvNorm unit(long in, long out, long k, long stride, long pad) {
    ConvNorm u = new ConvNorm(modules, in, out, k, stride, pad);
    convs.add(u);
    return u;
  }

  private void block(long in, long out, long stride) {
    ConvNorm a = unit(in, out, 3, stride, 1), b = unit(out, out, 3, 1, 1);
    ConvNorm shortcut = stride == 1 ? null : unit(in, out, 1, stride, 0);
    blocks.add(x -> {
      Tensor y = b.forward(relu_(a.forward(x)));
      return relu_(y.add_(shortcut == null ? x : shortcut.forward(x)));
    });
  }

  Tensor forward(Tensor x) {
    Tensor h = relu_(stem.forward(x));
    if (!small) h = max_pool2d(h, new long[]{3, 3}, new long[]{2, 2}, new long[]{1, 1}, new long[]{1, 1}, false);
    for (Function<Tensor, Tensor> b : blocks) h = b.apply(h);
    h = adaptive_avg_pool2d(h, 1, 1);
    return head.forward((h.is_mkldnn() ? h.to_dense() : h).flatten(1, -1));
  }
}
