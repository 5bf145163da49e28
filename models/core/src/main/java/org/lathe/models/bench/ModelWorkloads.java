package org.lathe.models.bench;

import java.util.List;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;
import org.lathe.compiler.ir.TensorType;
import org.lathe.compiler.op.LossOps;
import org.lathe.compiler.op.Tensor;
import org.lathe.hal.DType;
import org.lathe.hal.Dims;
import org.lathe.hal.spec.Recurrence.Cell;
import org.lathe.models.bench.StepWorkload.Values;
import org.lathe.models.nets.Dcgan;
import org.lathe.models.nets.Latent;
import org.lathe.models.nets.LeNet5;
import org.lathe.models.nets.Mlp;
import org.lathe.models.nets.RecurrentLanguageModel;
import org.lathe.models.nets.ResNet;
import org.lathe.models.nets.Transformer;
import org.lathe.models.nets.Vae;
import org.lathe.models.nn.Forward;
import org.lathe.models.nn.Initializer;
import org.lathe.models.nn.Layer;
import org.lathe.models.nn.Module;
import org.lathe.models.nn.TransformerBlock;
import org.lathe.models.optim.Adam;
import org.lathe.models.optim.Optimizer;
import org.lathe.models.optim.Sgd;
import org.lathe.models.train.Field;
import org.lathe.models.train.Group;
import org.lathe.models.train.Step;

/** The rows that time a model's training step, or one inference. Losses are computed and not read. */
final class ModelWorkloads {
  private static final long VOCABULARY = 256;
  private static final long STEPS = 32;

  private ModelWorkloads() {}

  static List<Workload> all() {
    return List.of(
        trainXor(),
        trainMlp(),
        trainLenet(),
        trainResnet(),
        trainLstm(),
        trainTransformer(),
        trainVae(),
        trainDcgan(),
        infer("infer-mlp-1", mlpFlops(1), true, Mlp::digits, 784),
        infer("infer-lenet5-1", lenetFlops(1), true, LeNet5::new, 1, 32, 32),
        inferTransformer(),
        infer("infer-resnet18-224-1", resnetFlops(1, 224, 1000), true, () -> new ResNet(ResNet.Options.resnet18(1000)),
            3, 224, 224));
  }

  private static Workload row(String id, long flops, boolean inSuite, Supplier<Step> step, Values values) {
    return new Workload(id, flops, inSuite, new StepWorkload(() -> List.of(step.get()), values));
  }

  static <M extends Module & Layer> Workload classify(
      String id, long flops, boolean inSuite, Supplier<M> make, Optimizer optimizer, long batch, long... shape) {
    return row(
        id,
        flops,
        inSuite,
        () -> {
          M model = make.get();
          return Step.training(
              "train",
              model,
              List.of(new Field("x", TensorType.of(DType.F32, Dims.of(batch).append(Dims.of(shape)).toArray())),
                  Field.ints("label", batch)),
              c -> {
                Tensor loss = LossOps.softmaxCrossEntropy(model.apply(c.input("x")), c.input("label")).mean();
                c.minimize(loss, Group.of(model, optimizer));
                c.report("loss", loss);
              });
        },
        Values.random(10));
  }

  private static <M extends Module & Layer> Workload infer(
      String id, long flops, boolean inSuite, Supplier<M> make, long... shape) {
    return row(
        id,
        flops,
        inSuite,
        () -> {
          M model = make.get();
          return Step.inference(
              "infer",
              model,
              List.of(new Field("x", TensorType.of(DType.F32, Dims.of(1).append(Dims.of(shape)).toArray()))),
              c -> c.report("logits", model.apply(c.input("x"))));
        },
        Values.random(1));
  }

  private static Workload trainXor() {
    return row(
        "train-xor",
        3 * (gemm(4, 5, 2) + gemm(4, 1, 5)) - gemm(4, 5, 2),
        true,
        () -> {
          Mlp model = new Mlp(Tensor::sigmoid, Initializer.xavier(), 2, 5, 1);
          return Step.training(
              "train",
              model,
              List.of(Field.floats("x", 4, 2), Field.floats("y", 4, 1)),
              c -> {
                Tensor loss = LossOps.squaredError(model.apply(c.input("x")).sigmoid(), c.input("y")).mean();
                c.minimize(loss, Group.of(model, new Sgd(0.5)));
                c.report("loss", loss);
              });
        },
        Values.uniform(1, r -> r.nextBoolean() ? 1.0 : 0.0));
  }

  private static Workload trainMlp() {
    return classify(
        "train-mlp", 3 * mlpFlops(128) - gemm(128, 256, 784), true, Mlp::digits, new Adam(1e-3), 128, 784);
  }

  private static Workload trainLenet() {
    return classify(
        "train-lenet5",
        3 * lenetFlops(64) - OpWorkloads.convolutionFlops(64, 6, 28, 1, 5),
        true,
        LeNet5::new,
        new Sgd(0.01, 0.9),
        64,
        1,
        32,
        32);
  }

  private static Workload trainResnet() {
    return classify(
        "train-resnet18",
        3 * resnetFlops(32, 32, 10) - OpWorkloads.convolutionFlops(32, 64, 32, 3, 3),
        false,
        () -> new ResNet(ResNet.Options.resnet18(10).with(ResNet.Stem.SMALL)),
        new Sgd(0.01, 0.9),
        32,
        3,
        32,
        32);
  }

  private static Workload trainLstm() {
    long layer = 2 * 32 * STEPS * 4 * 256 * 512;
    return row(
        "train-lstm-lm",
        3 * (2 * layer + gemm(32 * STEPS, VOCABULARY, 256)),
        true,
        () -> {
          RecurrentLanguageModel model = RecurrentLanguageModel.of(Cell.LSTM, VOCABULARY, 256, 256, 2);
          return Step.training(
              "train",
              model,
              List.of(Field.ints("x", STEPS, 32), Field.ints("y", STEPS, 32)),
              c -> {
                Tensor loss = LossOps.softmaxCrossEntropy(model.apply(c.input("x")), c.input("y")).mean();
                c.minimize(loss, Group.of(model, new Adam(1e-3)));
                c.report("loss", loss);
              });
        },
        Values.random(VOCABULARY));
  }

  private static Transformer transformer() {
    return new Transformer(VOCABULARY, TransformerBlock.Options.of(128, 8, 512), 2, STEPS);
  }

  private static Workload trainTransformer() {
    return row(
        "train-transformer",
        3 * transformerFlops(32),
        false,
        () -> {
          Transformer model = transformer();
          return Step.training(
              "train",
              model,
              List.of(Field.ints("source", 32, STEPS), Field.ints("target", 32, STEPS), Field.ints("y", 32, STEPS)),
              c -> {
                Tensor logits = model.logits(c.input("source"), c.input("target"));
                Tensor loss = LossOps.softmaxCrossEntropy(logits, c.input("y")).mean();
                c.minimize(loss, Group.of(model, new Adam(1e-3)));
                c.report("loss", loss);
              });
        },
        Values.random(VOCABULARY));
  }

  private static Workload inferTransformer() {
    return row(
        "infer-transformer-1",
        transformerFlops(1),
        true,
        () -> {
          Transformer model = transformer();
          return Step.inference(
              "infer",
              model,
              List.of(Field.ints("source", 1, STEPS), Field.ints("target", 1, STEPS)),
              c -> c.report("logits", model.logits(c.input("source"), c.input("target"))));
        },
        Values.random(VOCABULARY));
  }

  private static Workload trainVae() {
    long forward = gemm(128, 400, 784) + gemm(128, 40, 400) + gemm(128, 400, 20) + gemm(128, 784, 400);
    return row(
        "train-vae",
        3 * forward - gemm(128, 400, 784),
        false,
        () -> {
          Vae model = Vae.dense(new Latent.Gaussian(20), 784, 0, 400);
          return Step.training(
              "train",
              model,
              List.of(Field.floats("x", 128, 784)),
              c -> {
                Tensor loss = model.loss(c.input("x")).mean();
                c.minimize(loss, Group.of(model, new Adam(1e-3)));
                c.report("loss", loss);
              });
        },
        Values.uniform(1, RandomGenerator::nextDouble));
  }

  private static Workload trainDcgan() {
    long n = 64;
    long first = gemm(n, 128 * 7 * 7, 100);
    long outer = OpWorkloads.convolutionFlops(n, 64, 14, 1, 4);
    long inner = OpWorkloads.convolutionFlops(n, 128, 7, 64, 4);
    long generator = first + inner + outer;
    long discriminator = outer + inner + gemm(n, 1, 128 * 7 * 7);
    return row(
        "train-dcgan",
        3 * generator - first + 2 * (3 * discriminator - outer) + 2 * discriminator,
        false,
        () -> dcgan(n),
        Values.uniform(1, r -> Math.tanh(r.nextGaussian())));
  }

  /** One step of each network; the fake batch is made once and serves both. */
  private static Step dcgan(long batch) {
    Dcgan model = new Dcgan();
    return Step.training(
        "train",
        model,
        List.of(Field.floats("real", batch, 1, 28, 28)),
        c -> {
          Tensor fake = model.generator().apply(Forward.current().normal(Dims.of(batch, Dcgan.NOISE)));
          Tensor onReal = model.discriminator().apply(c.input("real"));
          Tensor onFake = model.discriminator().apply(fake.stopGradient());
          Tensor loss = LossOps.sigmoidCrossEntropy(onReal, onReal.like(1)).mean()
              .add(LossOps.sigmoidCrossEntropy(onFake, onFake.zerosLike()).mean());
          c.minimize(loss, Group.of("discriminator", model.discriminator(), new Adam(2e-4).withBetas(0.5, 0.999)));
          Tensor judged = model.discriminator().apply(fake);
          c.minimize(
              LossOps.sigmoidCrossEntropy(judged, judged.like(1)).mean(),
              Group.of("generator", model.generator(), new Adam(2e-4).withBetas(0.5, 0.999)));
          c.report("loss", loss);
        });
  }

  private static long gemm(long m, long n, long k) {
    return 2 * m * n * k;
  }

  private static long mlpFlops(long batch) {
    return gemm(batch, 256, 784) + gemm(batch, 128, 256) + gemm(batch, 10, 128);
  }

  private static long lenetFlops(long batch) {
    return OpWorkloads.convolutionFlops(batch, 6, 28, 1, 5)
        + OpWorkloads.convolutionFlops(batch, 16, 10, 6, 5)
        + gemm(batch, 120, 400)
        + gemm(batch, 84, 120)
        + gemm(batch, 10, 84);
  }

  private static long resnetFlops(long batch, long side, long classes) {
    boolean small = side == 32;
    long flops = OpWorkloads.convolutionFlops(batch, 64, small ? 32 : side / 2, 3, small ? 3 : 7);
    long in = 64;
    for (int stage = 0; stage < 4; stage++) {
      long out = 64L << stage;
      long s = (small ? 32 : side / 4) >> stage;
      flops += OpWorkloads.convolutionFlops(batch, out, s, in, 3)
          + 3 * OpWorkloads.convolutionFlops(batch, out, s, out, 3);
      flops += in == out ? 0 : OpWorkloads.convolutionFlops(batch, out, s, in, 1);
      in = out;
    }
    return flops + gemm(batch, classes, 512);
  }

  private static long transformerFlops(long batch) {
    long tokens = batch * STEPS;
    long attention = 4 * gemm(tokens, 128, 128) + 4 * tokens * STEPS * 128;
    long feed = 2 * gemm(tokens, 512, 128);
    return 2 * (attention + feed) + 2 * (2 * attention + feed) + gemm(tokens, VOCABULARY, 128);
  }
}
