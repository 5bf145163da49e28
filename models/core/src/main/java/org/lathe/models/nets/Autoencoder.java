package org.lathe.models.nets;

import org.lathe.compiler.op.Tensor;
import org.lathe.models.nn.Layer;
import org.lathe.models.nn.Module;

/**
 * An autoencoder (Rumelhart, Hinton and Williams 1986; Bourlard and Kamp 1988): [batch, in] to a code and back.
 *
 * <p>Parts: {@code encoder} and {@code decoder}.
 */
public final class Autoencoder extends Module {
  private final Layer encoder;
  private final Layer decoder;

  /**
   * @param encoder from [batch, in] to [batch, code]
   * @param decoder from [batch, code] to [batch, in], before any activation of the output
   */
  public <E extends Module & Layer, D extends Module & Layer> Autoencoder(E encoder, D decoder) {
    this.encoder = child("encoder", encoder);
    this.decoder = child("decoder", decoder);
  }

  /** [batch, code]. */
  public Tensor encode(Tensor x) {
    return encoder.apply(x);
  }

  /** [batch, in]. */
  public Tensor decode(Tensor code) {
    return decoder.apply(code);
  }
}
