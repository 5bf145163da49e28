package org.lathe.models.bench;

import java.util.List;
import org.lathe.models.nets.AlexNet;
import org.lathe.models.nets.ResNet;
import org.lathe.models.nets.Vgg;
import org.lathe.models.optim.Sgd;

/**
 * A training step of networks as published, for ImageNet's pictures and 1000 classes. Too heavy for a suite: they run where
 * they are named, as in {@code ./lathe bench train-vgg16-224 --devices cpu}.
 */
final class FullSizeWorkloads {
  private static final long CLASSES = 1000;

  private FullSizeWorkloads() {}

  static List<Workload> all() {
    return List.of(
        // 61 million parameters, batch 16.
        ModelWorkloads.classify(
            "train-alexnet-227", 3 * alexnetFlops(16) - OpWorkloads.convolutionFlops(16, 96, 55, 3, 11), false,
            () -> new AlexNet(AlexNet.Options.published(CLASSES)), new Sgd(0.01, 0.9), 16, 3, 227, 227),
        // 138 million parameters, batch 4.
        ModelWorkloads.classify(
            "train-vgg16-224", 3 * vgg16Flops(4) - OpWorkloads.convolutionFlops(4, 64, 224, 3, 3), false,
            () -> new Vgg(Vgg.Options.vgg16(CLASSES)), new Sgd(0.01, 0.9), 4, 3, 224, 224),
        // 60 million parameters, batch 4.
        ModelWorkloads.classify(
            "train-resnet152-224", 3 * resnet152Flops(4) - OpWorkloads.convolutionFlops(4, 64, 112, 3, 7), false,
            () -> new ResNet(ResNet.Options.resnet152(CLASSES)), new Sgd(0.1, 0.9), 4, 3, 224, 224));
  }

  private static long alexnetFlops(long n) {
    return OpWorkloads.convolutionFlops(n, 96, 55, 3, 11)
        + OpWorkloads.convolutionFlops(n, 256, 27, 96 / 2, 5)
        + OpWorkloads.convolutionFlops(n, 384, 13, 256, 3)
        + OpWorkloads.convolutionFlops(n, 384, 13, 384 / 2, 3)
        + OpWorkloads.convolutionFlops(n, 256, 13, 384 / 2, 3)
        + 2 * n * (9216 * 4096 + 4096 * 4096 + 4096 * CLASSES);
  }

  private static long vgg16Flops(long n) {
    int[] depths = {2, 2, 3, 3, 3};
    long flops = 2 * n * (25088 * 4096 + 4096 * 4096 + 4096 * CLASSES);
    long in = 3;
    for (int stage = 0; stage < depths.length; stage++) {
      long out = Math.min(512, 64L << stage);
      for (int i = 0; i < depths[stage]; i++) {
        flops += OpWorkloads.convolutionFlops(n, out, 224 >> stage, in, 3);
        in = out;
      }
    }
    return flops;
  }

  private static long resnet152Flops(long n) {
    int[] depths = {3, 8, 36, 3};
    long flops = OpWorkloads.convolutionFlops(n, 64, 112, 3, 7) + 2 * n * 2048 * CLASSES;
    long in = 64;
    for (int stage = 0; stage < depths.length; stage++) {
      long width = 64L << stage;
      long side = 56 >> stage;
      for (int b = 0; b < depths[stage]; b++) {
        flops += OpWorkloads.convolutionFlops(n, width, side, in, 1)
            + OpWorkloads.convolutionFlops(n, width, side, width, 3)
            + OpWorkloads.convolutionFlops(n, 4 * width, side, width, 1)
            + (b == 0 ? OpWorkloads.convolutionFlops(n, 4 * width, side, in, 1) : 0);
        in = 4 * width;
      }
    }
    return flops;
  }
}
