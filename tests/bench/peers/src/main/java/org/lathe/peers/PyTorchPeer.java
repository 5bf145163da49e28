package org.lathe.peers;

import static org.bytedeco.pytorch.global.torch.*;
import static org.lathe.peers.Torch.*;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import org.bytedeco.javacpp.LongPointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.*;
import org.bytedeco.pytorch.Module;
import org.bytedeco.pytorch.global.torch;

/**
 * PyTorch (libtorch through bytedeco) on the workload table. The thread set-up comes from the environment; the
 * name it is reported under is the property {@code peers.config}. A row that PyTorch can do in more than one way
 * (memory layout, batch norm folded or not, attention module or fused kernel) is timed in each.
 */
public final class PyTorchPeer {
  private PyTorchPeer() {}

  /** One step of work. Training steps return their loss. */
  private interface Step {
    Tensor run();
  }

  private static final int THREADS = Integer.getInteger("peers.threads", 2);
  private static final String CONFIG = System.getProperty("peers.config", "default");
  private static String[] filters;

  public static void main(String[] args) {
    filters = args;
    set_num_threads(THREADS);
    System.err.printf("java %s, torch 2.10.0, %d threads, %s%n", Runtime.version(), get_num_threads(), CONFIG);

    infer("gemm-512", "", () -> gemm(512, 512, 512));
    infer("gemm-1024", "", () -> gemm(1024, 1024, 1024));
    if ("1".equals(System.getenv("OPENBLAS_NUM_THREADS"))) {
      set_num_threads(1);
      infer("gemm-1024-1t", "", () -> gemm(1024, 1024, 1024));
      set_num_threads(THREADS);
    }
    infer("gemm-skinny", "", () -> gemm(64, 1024, 1024));
    for (boolean last : new boolean[]{false, true}) {
      String v = last ? "nhwc" : "";
      infer("conv3x3", v, () -> conv(last, 8, 64, 56, 64, 3, 1, 1, true));
      infer("conv1x1", v, () -> conv(last, 8, 256, 28, 64, 1, 1, 0, false));
      infer("conv7x7", v, () -> conv(last, 8, 3, 224, 64, 7, 2, 3, false));
    }
    train("softmax-rows", "", () -> forwardBackward(x -> torch.softmax(x, 1), 4096, 1024));
    train("layernorm-rows", "", PyTorchPeer::layerNormRows);
    train("gelu", "", () -> forwardBackward(x -> torch.gelu(x, "tanh"), 4 << 20));
    infer("lstm-seq-fwd", "", () -> lstmSeq(false));
    train("lstm-seq-fwdbwd", "", () -> lstmSeq(true));
    infer("attention-fwd", "", () -> attention(false));
    train("attention-fwdbwd", "", () -> attention(true));

    train("train-xor", "", PyTorchPeer::trainXor);
    train("train-mlp", "", PyTorchPeer::trainMlp);
    train("train-lenet5", "", () -> trainLenet(false));
    train("train-lenet5-relu", "", () -> trainLenet(true));
    train("train-resnet18", "", () -> trainResnet(false));
    train("train-resnet18", "nhwc", () -> trainResnet(true));
    train("train-lstm-lm", "", PyTorchPeer::trainLstmLm);
    train("train-transformer", "mha", () -> trainTransformer(false));
    train("train-transformer", "sdpa", () -> trainTransformer(true));
    train("train-vae", "", PyTorchPeer::trainVae);
    train("train-dcgan", "", PyTorchPeer::trainDcgan);

    infer("infer-mlp-1", "", () -> infer(mlp(new ArrayList<>()), randn(1, 784)));
    infer("infer-lenet5-1", "", () -> infer(lenet(new ArrayList<>(), false), randn(1, 1, 32, 32)));
    infer("infer-transformer-1", "mha", () -> inferTransformer(false));
    infer("infer-transformer-1", "sdpa", () -> inferTransformer(true));
    for (String v : new String[]{"", "nhwc", "nhwc-folded", "mkldnn-folded"})
      infer("infer-resnet18-224-1", v, () -> inferResnet(v));
  }

  private static void infer(String id, String variant, Supplier<Step> make) {
    if (!Work.wanted(id, filters)) return;
    try (PointerScope all = new PointerScope()) {
      manual_seed(1);
      InferenceMode guard = new InferenceMode();
      Step step = make.get();
      Bench.Stats s = Bench.time(() -> scoped(step));
      guard.close();
      report(id, variant, s, "");
    }
  }

  /** Rows of training report the loss of the first step and of a last one: the batch is fixed, so it must fall. */
  private static void train(String id, String variant, Supplier<Step> make) {
    if (!Work.wanted(id, filters)) return;
    try (PointerScope all = new PointerScope()) {
      manual_seed(1);
      Step step = make.get();
      double first = loss(step);
      Bench.Stats s = Bench.time(() -> scoped(step));
      double last = loss(step);
      report(id, variant, s,
          Double.isNaN(first)
              ? ""
              : String.format(Locale.ROOT, ",\"loss_first\":%.5f,\"loss_last\":%.5f", first, last));
    }
  }

  private static void report(String id, String variant, Bench.Stats s, String extra) {
    Bench.print("pytorch", variant.isEmpty() ? CONFIG : CONFIG + "/" + variant, id, s, extra);
  }

  private static void scoped(Step step) {
    try (PointerScope scope = new PointerScope()) {
      step.run();
    }
  }

  private static double loss(Step step) {
    try (PointerScope scope = new PointerScope()) {
      Tensor t = step.run();
      return t == null || t.numel() != 1 ? Double.NaN : t.item_float();
    }
  }

  private static Step gemm(long m, long n, long k) {
    Tensor a = randn(m, k), b = randn(k, n),
        c = empty(new long[]{m, n}, new TensorOptions(), new MemoryFormatOptional());
    return () -> mm_out(c, a, b);
  }

  private static Step conv(boolean last, long n, long ci, long side, long co, long k, long stride, long pad,
      boolean biasAndRelu) {
    Tensor x = layout(randn(n, ci, side, side), last), w = layout(randn(co, ci, k, k), last);
    TensorOptional bias = biasAndRelu ? new TensorOptional(randn(co)) : new TensorOptional();
    long[] s = {stride, stride}, p = {pad, pad}, d = {1, 1};
    return () -> {
      Tensor y = torch.conv2d(x, w, bias, s, p, d, 1);
      return biasAndRelu ? relu_(y) : y;
    };
  }

  /** y = f(x), then the gradient of x for a fixed random gradient of y. */
  private static Step forwardBackward(UnaryOperator<Tensor> f, long... shape) {
    Tensor x = randn(shape).requires_grad_(true), g = randn(shape);
    return gradients(() -> f.apply(x), g, x);
  }

  private static Step gradients(Supplier<Tensor> forward, Tensor g, Tensor... wrt) {
    TensorVector inputs = new TensorVector(wrt), seeds = new TensorVector(g);
    return () -> {
      torch.grad(new TensorVector(forward.get()), inputs, seeds, new BoolOptional(), false, false);
      return null;
    };
  }

  private static Step layerNormRows() {
    Tensor x = randn(4096, 1024).requires_grad_(true), g = randn(4096, 1024);
    Tensor w = randn(1024).requires_grad_(true), b = randn(1024).requires_grad_(true);
    TensorOptional ow = new TensorOptional(w), ob = new TensorOptional(b);
    return gradients(() -> torch.layer_norm(x, new long[]{1024}, ow, ob, 1e-5, true), g, x, w, b);
  }

  private static Step lstmSeq(boolean backward) {
    LSTMImpl net = new LSTMImpl(256, 256);
    Tensor x = randn(64, 32, 256), g = randn(64, 32, 256);
    if (!backward) return () -> net.forward(x).get0();
    x.requires_grad_(true);
    List<Tensor> wrt = new ArrayList<>(parameters(net));
    wrt.add(x);
    return gradients(() -> net.forward(x).get0(), g, wrt.toArray(Tensor[]::new));
  }

  private static Step attention(boolean backward) {
    long[] shape = {2, 8, 512, 64};
    Tensor q = randn(shape), k = randn(shape), v = randn(shape), g = randn(shape);
    if (!backward) return () -> causal(q, k, v, true);
    for (Tensor t : new Tensor[]{q, k, v}) t.requires_grad_(true);
    return gradients(() -> causal(q, k, v, true), g, q, k, v);
  }

  private static Optimizer sgd(TensorVector p, double lr, double momentum) {
    SGDOptions o = new SGDOptions(lr);
    o.momentum().put(momentum);
    return new SGD(p, o);
  }

  private static Optimizer adam(TensorVector p, double lr) {
    return new Adam(p, new AdamOptions(lr));
  }

  private static Step step(Optimizer opt, Supplier<Tensor> lossOf) {
    return () -> {
      opt.zero_grad(true);
      Tensor loss = lossOf.get();
      loss.backward();
      opt.step();
      return loss;
    };
  }

  private static Step infer(UnaryOperator<Tensor> net, Tensor x) {
    return () -> net.apply(x);
  }

  private static Step trainXor() {
    List<Module> m = new ArrayList<>();
    LinearImpl a = linear(m, 2, 5), b = linear(m, 5, 1);
    Tensor x = Tensor.create(0f, 0f, 0f, 1f, 1f, 0f, 1f, 1f).reshape(4, 2),
        y = Tensor.create(0f, 1f, 1f, 0f).reshape(4, 1);
    return step(sgd(parameters(m), 0.5, 0), () -> mse_loss(b.forward(a.forward(x).sigmoid()).sigmoid(), y));
  }

  private static UnaryOperator<Tensor> mlp(List<Module> m) {
    LinearImpl a = linear(m, 784, 256), b = linear(m, 256, 128), c = linear(m, 128, 10);
    return x -> c.forward(relu(b.forward(relu(a.forward(x)))));
  }

  private static Step trainMlp() {
    List<Module> m = new ArrayList<>();
    UnaryOperator<Tensor> net = mlp(m);
    Tensor x = randn(128, 784), y = labels(10, 128);
    return step(adam(parameters(m), 1e-3), () -> cross_entropy(net.apply(x), y));
  }

  /** The paper's tanh and average pooling, or the ReLU and max pooling that is common today. */
  private static UnaryOperator<Tensor> lenet(List<Module> m, boolean modern) {
    Conv2dImpl c1 = convolution(m, 1, 6, 5, 1, 0, true), c2 = convolution(m, 6, 16, 5, 1, 0, true);
    LinearImpl f1 = linear(m, 400, 120), f2 = linear(m, 120, 84), f3 = linear(m, 84, 10);
    UnaryOperator<Tensor> act = modern ? torch::relu : Tensor::tanh;
    UnaryOperator<Tensor> pool = modern ? x -> max_pool2d(x, 2, 2) : x -> avg_pool2d(x, 2, 2);
    return x -> {
      Tensor h = pool.apply(act.apply(c1.forward(x)));
      h = pool.apply(act.apply(c2.forward(h))).flatten(1, -1);
      return f3.forward(act.apply(f2.forward(act.apply(f1.forward(h)))));
    };
  }

  private static Step trainLenet(boolean modern) {
    List<Module> m = new ArrayList<>();
    UnaryOperator<Tensor> net = lenet(m, modern);
    Tensor x = randn(64, 1, 32, 32), y = labels(10, 64);
    return step(sgd(parameters(m), 0.01, 0.9), () -> cross_entropy(net.apply(x), y));
  }

  private static Step trainResnet(boolean last) {
    Resnet18 net = new Resnet18(true, last);
    Tensor x = layout(randn(32, 3, 32, 32), last), y = labels(10, 32);
    return step(sgd(parameters(net.modules), 0.01, 0.9), () -> cross_entropy(net.forward(x), y));
  }

  private static Step inferResnet(String variant) {
    boolean last = variant.startsWith("nhwc");
    Resnet18 net = new Resnet18(false, last);
    for (Module m : net.modules) m.eval();
    if (variant.endsWith("folded")) net.convs.forEach(ConvNorm::fold);
    Tensor x = layout(randn(1, 3, 224, 224), last);
    if (!variant.startsWith("mkldnn")) return infer(net::forward, x);
    net.convs.forEach(ConvNorm::pack);
    return () -> net.forward(x.to_mkldnn());
  }

  private static Step trainLstmLm() {
    List<Module> m = new ArrayList<>();
    EmbeddingImpl embed = add(m, new EmbeddingImpl(256, 256));
    LSTMOptions o = new LSTMOptions(256, 256);
    o.num_layers().put(2);
    LSTMImpl lstm = add(m, new LSTMImpl(o));
    LinearImpl head = linear(m, 256, 256);
    Tensor text = labels(256, 33, 32), x = text.narrow(0, 0, 32).contiguous(),
        y = text.narrow(0, 1, 32).contiguous().view(-1);
    return step(adam(parameters(m), 1e-3),
        () -> cross_entropy(head.forward(lstm.forward(embed.forward(x)).get0()).view(-1, 256), y));
  }

  private static Step trainTransformer(boolean fused) {
    Transformer net = new Transformer(fused);
    Tensor src = net.ids(32), tgt = net.ids(32), y = net.ids(32).view(-1);
    return step(adam(parameters(net.modules), 1e-3),
        () -> cross_entropy(net.forward(src, tgt).view(-1, Transformer.VOCABULARY), y));
  }

  private static Step inferTransformer(boolean fused) {
    Transformer net = new Transformer(fused);
    Tensor src = net.ids(1), tgt = net.ids(1);
    return () -> net.forward(src, tgt);
  }

  /** Bernoulli decoder: binary cross-entropy from logits plus KL, summed over features, averaged over the batch. */
  private static Step trainVae() {
    List<Module> m = new ArrayList<>();
    LinearImpl in = linear(m, 784, 400), code = linear(m, 400, 40), up = linear(m, 20, 400), out = linear(m, 400, 784);
    Tensor x = rand(128, 784);
    BCEWithLogitsLossOptions sum = new BCEWithLogitsLossOptions();
    sum.reduction().put(new kSum());
    return step(adam(parameters(m), 1e-3), () -> {
      Tensor both = code.forward(relu(in.forward(x)));
      Tensor mu = both.narrow(1, 0, 20), logVar = both.narrow(1, 20, 20);
      Tensor z = mu.add(logVar.mul(new Scalar(0.5)).exp().mul(randn(128, 20)));
      Tensor bce = binary_cross_entropy_with_logits(out.forward(relu(up.forward(z))), x, sum);
      Tensor kl = logVar.add(new Scalar(1)).sub(mu.square()).sub(logVar.exp()).sum().mul(new Scalar(-0.5));
      return bce.add(kl).div(new Scalar(128));
    });
  }

  /** Returns the discriminator's loss: on a fixed batch it wins, so that it is the one that must fall. */
  private static Step trainDcgan() {
    List<Module> gm = new ArrayList<>(), dm = new ArrayList<>();
    LinearOptions lo = new LinearOptions(100, 128 * 7 * 7);
    lo.bias().put(false);
    LinearImpl g0 = add(gm, new LinearImpl(lo));
    BatchNorm2dImpl gn0 = norm(gm, 128), gn1 = norm(gm, 64);
    ConvTranspose2dImpl g1 = up(gm, 128, 64, false), g2 = up(gm, 64, 1, true);
    Conv2dImpl d1 = convolution(dm, 1, 64, 4, 2, 1, true), d2 = convolution(dm, 64, 128, 4, 2, 1, false);
    BatchNorm2dImpl dn = norm(dm, 128);
    LinearImpl d3 = linear(dm, 128 * 7 * 7, 1);
    Scalar slope = new Scalar(0.2);
    UnaryOperator<Tensor> g = z -> {
      Tensor h = relu_(gn0.forward(g0.forward(z).view(-1, 128, 7, 7)));
      return g2.forward(relu_(gn1.forward(g1.forward(h)))).tanh();
    };
    UnaryOperator<Tensor> d = x -> {
      Tensor h = leaky_relu_(d1.forward(x), slope);
      return d3.forward(leaky_relu_(dn.forward(d2.forward(h)), slope).flatten(1, -1));
    };
    TensorVector dp = parameters(dm);
    Optimizer go = ganAdam(parameters(gm)), dOpt = ganAdam(dp);
    List<Tensor> frozen = new ArrayList<>();
    for (long i = 0; i < dp.size(); i++) frozen.add(dp.get(i));
    Tensor real = randn(64, 1, 28, 28).tanh(), ones = torch.ones(64, 1), zeros = torch.zeros(64, 1);
    return () -> {
      Tensor fake = g.apply(randn(64, 100));
      dOpt.zero_grad(true);
      Tensor dl = binary_cross_entropy_with_logits(d.apply(real), ones)
          .add(binary_cross_entropy_with_logits(d.apply(fake.detach()), zeros));
      dl.backward();
      dOpt.step();
      go.zero_grad(true);
      for (Tensor t : frozen) t.requires_grad_(false);
      binary_cross_entropy_with_logits(d.apply(fake), ones).backward();
      for (Tensor t : frozen) t.requires_grad_(true);
      go.step();
      return dl;
    };
  }

  private static ConvTranspose2dImpl up(List<Module> m, long in, long out, boolean bias) {
    ConvTranspose2dOptions o = new ConvTranspose2dOptions(in, out, new LongPointer(4, 4));
    o.stride().put(0, 2).put(1, 2);
    o.padding().put(0, 1).put(1, 1);
    o.bias().put(bias);
    return add(m, new ConvTranspose2dImpl(o));
  }

  private static Optimizer ganAdam(TensorVector p) {
    AdamOptions o = new AdamOptions(2e-4);
    int beta1 = o.betas().get(0) < o.betas().get(1) ? 0 : 1; // a std::tuple, which libstdc++ stores backwards
    o.betas().put(beta1, 0.5);
    return new Adam(p, o);
  }
}
