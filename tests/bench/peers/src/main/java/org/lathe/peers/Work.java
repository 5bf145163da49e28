package org.lathe.peers;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The rows of the workload table and the arithmetic each one needs.
 *
 * <p>A multiply-add counts as two. Matrix products, convolutions and recurrences are counted exactly; a training
 * step is forward + weight gradients + input gradients, without the input gradient of the first layer (nobody
 * needs it) and without optimiser, activations, normalisation and loss. Element-wise rows count one per
 * arithmetic operation or function call of the textbook formula: they are bound by memory, so their FLOP/s mean
 * little. Causal attention counts only the pairs that the mask keeps, and nothing that a kernel recomputes.
 */
final class Work {
  private Work() {}

  static long gemm(long m, long n, long k) {
    return 2 * m * n * k;
  }

  /** A convolution by its output: {@code n x co x ho x wo}, {@code k x k} taps over {@code ci} channels. */
  static long conv(long n, long co, long ho, long wo, long ci, long k) {
    return 2 * n * co * ho * wo * ci * k * k;
  }

  static long lstm(long batch, long steps, long in, long hidden) {
    return 2 * batch * steps * 4 * hidden * (in + hidden);
  }

  static long mlp(long batch, long... widths) {
    long f = 0;
    for (int i = 1; i < widths.length; i++) f += gemm(batch, widths[i], widths[i - 1]);
    return f;
  }

  static long lenet(long n) {
    return conv(n, 6, 28, 28, 1, 5) + conv(n, 16, 10, 10, 6, 5) + mlp(n, 400, 120, 84, 10);
  }

  /** ResNet-18's convolutions after the stem, at {@code side} for the first stage, and the classifier. */
  private static long resnetBody(long n, long side, long classes) {
    long f = 0, in = 64;
    for (int stage = 0; stage < 4; stage++) {
      long c = 64L << stage, s = side >> stage;
      f += conv(n, c, s, s, in, 3) + 3 * conv(n, c, s, s, c, 3);
      if (in != c) f += conv(n, c, s, s, in, 1);
      in = c;
    }
    return f + gemm(n, classes, 512);
  }

  static long resnet32(long n) {
    return conv(n, 64, 32, 32, 3, 3) + resnetBody(n, 32, 10);
  }

  static long resnet224(long n) {
    return conv(n, 64, 112, 112, 3, 7) + resnetBody(n, 56, 1000);
  }

  /** 2 + 2 layers, width 128, feed-forward 512, vocabulary 256, 32 steps each side; masks not discounted. */
  static long transformer(long batch) {
    long tokens = batch * 32, e = 128, ff = 512, steps = 32;
    long attention = 4 * gemm(tokens, e, e) + 4 * tokens * steps * e;
    long feed = 2 * gemm(tokens, e, ff);
    return 2 * (attention + feed) + 2 * (2 * attention + feed) + gemm(tokens, 256, e);
  }

  static long causalAttention(long batch, long heads, long steps, long width) {
    return 4 * batch * heads * width * (steps * (steps + 1) / 2);
  }

  static final Map<String, Long> FLOPS = new LinkedHashMap<>();

  static {
    long rows = 4096L * 1024, mi4 = 4L << 20;
    FLOPS.put("gemm-512", gemm(512, 512, 512));
    FLOPS.put("gemm-1024", gemm(1024, 1024, 1024));
    FLOPS.put("gemm-1024-1t", gemm(1024, 1024, 1024));
    FLOPS.put("gemm-skinny", gemm(64, 1024, 1024));
    FLOPS.put("conv3x3", conv(8, 64, 56, 56, 64, 3));
    FLOPS.put("conv1x1", conv(8, 64, 28, 28, 256, 1));
    FLOPS.put("conv7x7", conv(8, 64, 112, 112, 3, 7));
    FLOPS.put("softmax-rows", 9 * rows);
    FLOPS.put("layernorm-rows", 18 * rows);
    FLOPS.put("gelu", 22 * mi4);
    FLOPS.put("lstm-seq-fwd", lstm(32, 64, 256, 256));
    FLOPS.put("lstm-seq-fwdbwd", 3 * lstm(32, 64, 256, 256));
    FLOPS.put("attention-fwd", causalAttention(2, 8, 512, 64));
    FLOPS.put("attention-fwdbwd", 3 * causalAttention(2, 8, 512, 64));
    FLOPS.put("train-xor", 3 * mlp(4, 2, 5, 1) - gemm(4, 5, 2));
    FLOPS.put("train-mlp", 3 * mlp(128, 784, 256, 128, 10) - gemm(128, 256, 784));
    FLOPS.put("train-lenet5", 3 * lenet(64) - conv(64, 6, 28, 28, 1, 5));
    FLOPS.put("train-lenet5-relu", 3 * lenet(64) - conv(64, 6, 28, 28, 1, 5));
    FLOPS.put("train-resnet18", 3 * resnet32(32) - conv(32, 64, 32, 32, 3, 3));
    FLOPS.put("train-lstm-lm", 3 * (2 * lstm(32, 32, 256, 256) + gemm(32 * 32, 256, 256)));
    FLOPS.put("train-transformer", 3 * transformer(32));
    FLOPS.put("train-vae", 3 * (mlp(128, 784, 400, 40) + mlp(128, 20, 400, 784)) - gemm(128, 400, 784));
    FLOPS.put("train-dcgan", dcgan(64));
    FLOPS.put("infer-mlp-1", mlp(1, 784, 256, 128, 10));
    FLOPS.put("infer-lenet5-1", lenet(1));
    FLOPS.put("infer-transformer-1", transformer(1));
    FLOPS.put("infer-resnet18-224-1", resnet224(1));
  }

  /** Generator forward once and backward once; discriminator on real, on fake, and again on fake for the generator. */
  private static long dcgan(long n) {
    long first = gemm(n, 128 * 7 * 7, 100);
    long up1 = conv(n, 128, 7, 7, 64, 4), up2 = conv(n, 64, 14, 14, 1, 4);
    long down1 = conv(n, 64, 14, 14, 1, 4), down2 = conv(n, 128, 7, 7, 64, 4), last = gemm(n, 1, 128 * 7 * 7);
    long g = first + up1 + up2, d = down1 + down2 + last;
    return 3 * g - first + 2 * (3 * d - down1) + 2 * d;
  }

  /** No filter takes every row; {@code lstm-seq} takes both of its forms. */
  static boolean wanted(String id, String[] filters) {
    if (filters.length == 0) return true;
    for (String f : filters) if (id.equals(f) || id.equals(f + "-fwd") || id.equals(f + "-fwdbwd")) return true;
    return false;
  }
}
