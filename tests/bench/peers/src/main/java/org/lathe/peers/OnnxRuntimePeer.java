package org.lathe.peers;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtLoggingLevel;
import ai.onnxruntime.OrtSession;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.LongBuffer;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;

/**
 * ONNX Runtime on the rows that infer. Graph optimisation is on in full, weights are initialisers (so that they
 * are packed once) except in the plain matrix products, where both factors are inputs; inputs and outputs are
 * direct buffers that the caller owns.
 */
public final class OnnxRuntimePeer {
  private OnnxRuntimePeer() {}

  private static final int THREADS = Integer.getInteger("peers.threads", 2);
  private static String[] filters;
  private static OrtEnvironment env;

  /** A model under construction with what goes in and out of it. */
  private static final class Net {
    final OnnxModel m;
    final Map<String, OnnxTensor> feeds = new LinkedHashMap<>();
    final Random random = new Random(2);
    long[] outShape;

    Net(int opset) {
      m = new OnnxModel(opset);
    }

    String floats(String name, long... shape) throws OrtException {
      FloatBuffer b = buffer(shape).asFloatBuffer();
      while (b.hasRemaining()) b.put((float) random.nextGaussian());
      feeds.put(name, OnnxTensor.createTensor(env, b.flip(), shape));
      return m.input(name, OnnxModel.FLOAT, shape);
    }

    String ids(String name, long bound, long... shape) throws OrtException {
      long n = 1;
      for (long d : shape) n *= d;
      LongBuffer b = ByteBuffer.allocateDirect((int) (8 * n)).order(ByteOrder.nativeOrder()).asLongBuffer();
      while (b.hasRemaining()) b.put(random.nextLong(bound));
      feeds.put(name, OnnxTensor.createTensor(env, b.flip(), shape));
      return m.input(name, OnnxModel.INT64, shape);
    }

    /** Gives the network's result its public name. */
    Net out(String result, long... shape) {
      m.nodeTo(in("out"), "Identity", in(result));
      return outNamed(shape);
    }

    Net outNamed(long... shape) {
      m.output("out", shape);
      outShape = shape;
      return this;
    }
  }

  private interface Maker {
    Net make() throws OrtException;
  }

  public static void main(String[] args) throws OrtException {
    filters = args;
    env = OrtEnvironment.getEnvironment(OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR);
    System.err.printf("java %s, onnxruntime %s, %d threads%n", Runtime.version(), env.getVersion(), THREADS);
    row("gemm-512", "", THREADS, () -> gemm(512, 512, 512));
    row("gemm-1024", "", THREADS, () -> gemm(1024, 1024, 1024));
    row("gemm-1024-1t", "", 1, () -> gemm(1024, 1024, 1024));
    row("gemm-skinny", "", THREADS, () -> gemm(64, 1024, 1024));
    row("gemm-skinny", "packed", THREADS, OnnxRuntimePeer::skinnyPacked);
    row("conv3x3", "", THREADS, () -> convRow(8, 64, 56, 64, 3, 1, 1, true));
    row("conv1x1", "", THREADS, () -> convRow(8, 256, 28, 64, 1, 1, 0, false));
    row("conv7x7", "", THREADS, () -> convRow(8, 3, 224, 64, 7, 2, 3, false));
    row("lstm-seq-fwd", "", THREADS, OnnxRuntimePeer::lstm);
    row("attention-fwd", "graph", THREADS, OnnxRuntimePeer::attentionGraph);
    row("attention-fwd", "op", THREADS, OnnxRuntimePeer::attentionOp);
    row("infer-mlp-1", "", THREADS, OnnxRuntimePeer::mlp);
    row("infer-lenet5-1", "", THREADS, OnnxRuntimePeer::lenet);
    row("infer-transformer-1", "", THREADS, OnnxRuntimePeer::transformer);
    row("infer-resnet18-224-1", "", THREADS, OnnxRuntimePeer::resnet18);
  }

  private static void row(String id, String variant, int threads, Maker maker) throws OrtException {
    if (!Work.wanted(id, filters)) return;
    Net net = maker.make();
    FloatBuffer result = buffer(net.outShape).asFloatBuffer();
    try (OrtSession.SessionOptions o = new OrtSession.SessionOptions()) {
      o.setIntraOpNumThreads(threads);
      o.setInterOpNumThreads(1);
      o.setOptimizationLevel(OrtSession.SessionOptions.OptLevel.ALL_OPT);
      try (OrtSession session = env.createSession(net.m.bytes(), o);
          OnnxTensor out = OnnxTensor.createTensor(env, result, net.outShape)) {
        Map<String, OnnxTensor> outs = Map.of("out", out);
        Bench.Stats s = Bench.time(() -> {
          try (OrtSession.Result r = session.run(net.feeds, outs)) {
            // the result is in the pinned buffer
          } catch (OrtException e) {
            throw new IllegalStateException(e);
          }
        });
        if (!Float.isFinite(result.get(0)) || result.get(0) == 0 && result.get(result.capacity() - 1) == 0)
          throw new IllegalStateException(id + ": no result");
        String config = "ort" + threads;
        Bench.print("onnxruntime", variant.isEmpty() ? config : config + "/" + variant, id, s, "");
      }
    } finally {
      net.feeds.values().forEach(OnnxTensor::close);
    }
  }

  private static ByteBuffer buffer(long... shape) {
    long n = 4;
    for (long d : shape) n *= d;
    return ByteBuffer.allocateDirect(Math.toIntExact(n)).order(ByteOrder.nativeOrder());
  }

  private static String[] in(String... names) {
    return names;
  }

  private static Net gemm(long m, long n, long k) throws OrtException {
    Net net = new Net(17);
    net.m.nodeTo(in("out"), "MatMul", in(net.floats("a", m, k), net.floats("b", k, n)));
    return net.outNamed(m, n);
  }

  private static Net skinnyPacked() throws OrtException {
    Net net = new Net(17);
    net.m.nodeTo(in("out"), "MatMul", in(net.floats("a", 64, 1024), net.m.weight(1, 1024, 1024)));
    return net.outNamed(64, 1024);
  }

  private static Net convRow(long n, long ci, long side, long co, long k, long stride, long pad, boolean biasAndRelu)
      throws OrtException {
    Net net = new Net(17);
    String x = net.floats("x", n, ci, side, side);
    long so = (side + 2 * pad - k) / stride + 1;
    String w = net.m.weight(0.1, co, ci, k, k);
    Object[] attributes = convAttributes(k, stride, pad);
    if (biasAndRelu) {
      String y = net.m.node("Conv", in(x, w, net.m.weight(1, co)), attributes);
      net.m.nodeTo(in("out"), "Relu", in(y));
    } else {
      net.m.nodeTo(in("out"), "Conv", in(x, w), attributes);
    }
    return net.outNamed(n, co, so, so);
  }

  private static Object[] convAttributes(long k, long stride, long pad) {
    return new Object[]{"kernel_shape", new long[]{k, k}, "strides", new long[]{stride, stride}, "pads",
        new long[]{pad, pad, pad, pad}};
  }

  private static Net lstm() throws OrtException {
    Net net = new Net(17);
    String x = net.floats("x", 64, 32, 256);
    net.m.nodeTo(in("out"), "LSTM",
        in(x, net.m.weight(0.05, 1, 1024, 256), net.m.weight(0.05, 1, 1024, 256), net.m.weight(0.05, 1, 2048)),
        "hidden_size", 256L);
    return net.outNamed(64, 1, 32, 256);
  }

  private static Net attentionGraph() throws OrtException {
    Net net = new Net(17);
    String q = net.floats("q", 2, 8, 512, 64), k = net.floats("k", 2, 8, 512, 64), v = net.floats("v", 2, 8, 512, 64);
    String a = attend(net, q, net.m.node("Transpose", in(k), "perm", new long[]{0, 1, 3, 2}), v, 64, mask(net, 512));
    return net.out(a, 2, 8, 512, 64);
  }

  private static Net attentionOp() throws OrtException {
    Net net = new Net(23);
    String q = net.floats("q", 2, 8, 512, 64), k = net.floats("k", 2, 8, 512, 64), v = net.floats("v", 2, 8, 512, 64);
    net.m.nodeTo(in("out"), "Attention", in(q, k, v), "is_causal", 1L);
    return net.outNamed(2, 8, 512, 64);
  }

  private static String mask(Net net, int steps) {
    float[] hidden = new float[steps * steps];
    for (int i = 0; i < steps; i++) for (int j = i + 1; j < steps; j++) hidden[i * steps + j] = -1e9f;
    return net.m.constant(hidden, 1, 1, steps, steps);
  }

  /** softmax(q kT / sqrt(width) + mask) v, with k transposed already. */
  private static String attend(Net net, String q, String kT, String v, long width, String mask) {
    String scale = net.m.constant(new float[]{(float) (1 / Math.sqrt(width))});
    String s = net.m.node("Mul", in(net.m.node("MatMul", in(q, kT)), scale));
    if (mask != null) s = net.m.node("Add", in(s, mask));
    return net.m.node("MatMul", in(net.m.node("Softmax", in(s), "axis", -1L), v));
  }

  private static String dense(Net net, String x, long in, long out) {
    return net.m.node("Gemm", in(x, net.m.weight(1 / Math.sqrt(in), in, out), net.m.weight(0.1, out)));
  }

  private static Net mlp() throws OrtException {
    Net net = new Net(17);
    String h = net.floats("x", 1, 784);
    h = net.m.node("Relu", in(dense(net, h, 784, 256)));
    h = net.m.node("Relu", in(dense(net, h, 256, 128)));
    return net.out(dense(net, h, 128, 10), 1, 10);
  }

  private static Net lenet() throws OrtException {
    Net net = new Net(17);
    String h = net.floats("x", 1, 1, 32, 32);
    Object[] pool = {"kernel_shape", new long[]{2, 2}, "strides", new long[]{2, 2}};
    h = net.m.node("Conv", in(h, net.m.weight(0.2, 6, 1, 5, 5), net.m.weight(0.1, 6)), convAttributes(5, 1, 0));
    h = net.m.node("AveragePool", in(net.m.node("Tanh", in(h))), pool);
    h = net.m.node("Conv", in(h, net.m.weight(0.1, 16, 6, 5, 5), net.m.weight(0.1, 16)), convAttributes(5, 1, 0));
    h = net.m.node("AveragePool", in(net.m.node("Tanh", in(h))), pool);
    h = net.m.node("Flatten", in(h));
    h = net.m.node("Tanh", in(dense(net, h, 400, 120)));
    h = net.m.node("Tanh", in(dense(net, h, 120, 84)));
    return net.out(dense(net, h, 84, 10), 1, 10);
  }

  private static String convNorm(Net net, String x, long in, long out, long k, long stride) {
    String y = net.m.node("Conv", in(x, net.m.weight(Math.sqrt(1.0 / (in * k * k)), out, in, k, k)),
        convAttributes(k, stride, k / 2));
    return net.m.node("BatchNormalization",
        in(y, net.m.positive(out), net.m.weight(0.1, out), net.m.weight(0.1, out), net.m.positive(out)));
  }

  private static Net resnet18() throws OrtException {
    Net net = new Net(17);
    String h = net.m.node("Relu", in(convNorm(net, net.floats("x", 1, 3, 224, 224), 3, 64, 7, 2)));
    h = net.m.node("MaxPool", in(h), "kernel_shape", new long[]{3, 3}, "strides", new long[]{2, 2}, "pads",
        new long[]{1, 1, 1, 1});
    long in = 64;
    for (int stage = 0; stage < 4; stage++) {
      long c = 64L << stage;
      for (int i = 0; i < 2; i++) {
        long stride = stage > 0 && i == 0 ? 2 : 1;
        String y = net.m.node("Relu", in(convNorm(net, h, in, c, 3, stride)));
        y = convNorm(net, y, c, c, 3, 1);
        String shortcut = stride == 1 ? h : convNorm(net, h, in, c, 1, 2);
        h = net.m.node("Relu", in(net.m.node("Add", in(y, shortcut))));
        in = c;
      }
    }
    h = net.m.node("Flatten", in(net.m.node("GlobalAveragePool", in(h))));
    return net.out(dense(net, h, 512, 1000), 1, 1000);
  }

  private static final long E = 128, HEADS = 8, FF = 512, STEPS = 32;

  private static String project(Net net, String x, long in, long out) {
    String y = net.m.node("MatMul", in(x, net.m.weight(1 / Math.sqrt(in), in, out)));
    return net.m.node("Add", in(y, net.m.weight(0.1, out)));
  }

  private static String heads(Net net, String x, long... perm) {
    String y = net.m.node("Reshape", in(x, net.m.constant(1, STEPS, HEADS, E / HEADS)));
    return net.m.node("Transpose", in(y), "perm", perm);
  }

  private static String attention(Net net, String x, String memory, String mask) {
    String q = heads(net, project(net, x, E, E), 0, 2, 1, 3);
    String kT = heads(net, project(net, memory, E, E), 0, 2, 3, 1);
    String v = heads(net, project(net, memory, E, E), 0, 2, 1, 3);
    String a = net.m.node("Transpose", in(attend(net, q, kT, v, E / HEADS, mask)), "perm", new long[]{0, 2, 1, 3});
    return project(net, net.m.node("Reshape", in(a, net.m.constant(1, STEPS, E))), E, E);
  }

  private static String addNorm(Net net, String x, String y) {
    String s = net.m.node("Add", in(x, y));
    return net.m.node("LayerNormalization", in(s, net.m.positive(E), net.m.weight(0.1, E)), "axis", -1L, "epsilon",
        1e-5f);
  }

  private static String feed(Net net, String x) {
    return project(net, net.m.node("Relu", in(project(net, x, E, FF))), FF, E);
  }

  private static String embed(Net net, String name) throws OrtException {
    float[] p = new float[(int) (STEPS * E)];
    for (int t = 0; t < STEPS; t++)
      for (int i = 0; i < E; i++) {
        double a = t / Math.pow(10000, (double) (i & ~1) / E);
        p[(int) (t * E + i)] = (float) ((i & 1) == 0 ? Math.sin(a) : Math.cos(a));
      }
    String x = net.m.node("Gather", in(net.m.weight(1, 256, E), net.ids(name, 256, 1, STEPS)), "axis", 0L);
    x = net.m.node("Mul", in(x, net.m.constant(new float[]{(float) Math.sqrt(E)})));
    return net.m.node("Add", in(x, net.m.constant(p, 1, STEPS, E)));
  }

  private static Net transformer() throws OrtException {
    Net net = new Net(17);
    String x = embed(net, "source"), y = embed(net, "target"), mask = mask(net, (int) STEPS);
    for (int i = 0; i < 2; i++) {
      x = addNorm(net, x, attention(net, x, x, null));
      x = addNorm(net, x, feed(net, x));
    }
    for (int i = 0; i < 2; i++) {
      y = addNorm(net, y, attention(net, y, y, mask));
      y = addNorm(net, y, attention(net, y, x, null));
      y = addNorm(net, y, feed(net, y));
    }
    return net.out(project(net, y, E, 256), 1, STEPS, 256);
  }
}
