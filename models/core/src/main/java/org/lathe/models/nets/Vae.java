package org.lathe.models.nets;

import org.lathe.compiler.op.LossOps;
import org.lathe.compiler.op.Tensor;
import org.lathe.models.nn.Forward;
import org.lathe.models.nn.Linear;
import org.lathe.models.nn.Module;

/**
 * A variational autoencoder (Kingma and Welling 2014): pictures [batch, in] in 0..1, a Gaussian code [batch, code] by the
 * reparameterisation trick, Bernoulli pixels. One layer gives mean and log variance.
 */
public final class Vae extends Module {
  private final long code;
  private final Linear in;
  private final Linear toCode;
  private final Linear up;
  private final Linear out;

  public Vae(long in, long hidden, long code) {
    this.code = code;
    this.in = child("in", new Linear(in, hidden));
    toCode = child("code", new Linear(hidden, 2 * code));
    up = child("up", new Linear(code, hidden));
    out = child("out", new Linear(hidden, in));
  }

  /** Mean and log variance of the code, each [batch, code]. */
  public record Code(Tensor mean, Tensor logVariance) {}

  public Code encode(Tensor x) {
    Tensor both = toCode.apply(in.apply(x).relu());
    return new Code(both.slice(1, 0, code), both.slice(1, code, 2 * code));
  }

  /** Logits of the pixels. */
  public Tensor decode(Tensor z) {
    return out.apply(up.apply(z).relu());
  }

  /**
   * The negative evidence lower bound of each picture, [batch], in nats: binary cross-entropy of the pixels plus the KL
   * divergence of the code from the standard normal distribution. One fresh sample of the code for each picture.
   */
  public Tensor loss(Tensor x) {
    Code c = encode(x);
    Tensor z = c.mean().add(c.logVariance().mul(0.5).exp().mul(Forward.current().normal(c.mean().shape())));
    Tensor reconstruction = LossOps.sigmoidCrossEntropy(decode(z), x).sum(1);
    Tensor divergence = c.logVariance().add(1).sub(c.mean().square()).sub(c.logVariance().exp()).sum(1).mul(-0.5);
    return reconstruction.add(divergence);
  }
}
