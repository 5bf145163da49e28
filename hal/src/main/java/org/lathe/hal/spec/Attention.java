package org.lathe.hal.spec;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.lathe.hal.DType;
import org.lathe.hal.Dims;

/**
 * Scaled dot-product attention (Vaswani et al. 2017) with an online softmax, and its gradient; the scores are never
 * stored whole (Dao et al. 2022).
 *
 * <pre>s[i, j] = scale * sum over d of q[i, d] k[j, d] + bias[i, j];  p = softmax over j;  out[i] = sum over j of p[i, j] v[j]</pre>
 *
 * for each batch and head. {@code causal} lets query i see key j only where {@code j <= i + keys - queries}. A query that
 * sees nothing (all of its scores are -inf) gives zeros, and its log-sum is -inf.
 *
 * <p>Views: {@code query} over [batch, heads, queries, width], {@code key} over [batch, heads, keys, width], {@code value}
 * over [batch, heads, keys, valueWidth], {@code bias} (optional) over [batch, heads, queries, keys], {@code out} over
 * [batch, heads, queries, valueWidth]. The log-sum-exp of each query's scores is dense [batch, heads, queries].
 *
 * <p>All operands are of one dtype and have no guards. Backward, the views of query, key and value touch no element twice,
 * since the gradients are stored through them.
 *
 * <p>Forward: query, key, value, (bias) -> out, log-sum. Backward: query, key, value, (bias), out, log-sum, gradient of
 * out (through {@code out}'s view) -> gradients of query, key and value through their views. The probabilities are {@code exp(s - log-sum)}
 * of the log-sum that is given. The bias gets no gradient.
 */
public record Attention(
    Form form,
    long batch,
    long heads,
    long queries,
    long keys,
    long width,
    long valueWidth,
    boolean causal,
    double scale,
    View query,
    View key,
    View value,
    @Nullable View bias,
    View out)
    implements
      KernelSpec {

  public enum Form {
    FORWARD, BACKWARD
  }

  public Attention {
    Check.views("an Attention's query", List.of(query), Dims.of(batch, heads, queries, width));
    Check.views("an Attention's key", List.of(key), Dims.of(batch, heads, keys, width));
    Check.views("an Attention's value", List.of(value), Dims.of(batch, heads, keys, valueWidth));
    Check.outputs("an Attention's out", List.of(out), Dims.of(batch, heads, queries, valueWidth));
    Check.noGuards("an Attention's operand", query, key, value, out);
    DType dtype = query.dtype();
    Check.that(dtype == DType.F32 || dtype == DType.F64, "an Attention of " + dtype);
    Check.that(
        key.dtype() == dtype && value.dtype() == dtype && out.dtype() == dtype
            && (bias == null || bias.dtype() == dtype),
        "an Attention of " + dtype + " has an operand of another dtype");
    if (bias != null) {
      Check.views("an Attention's bias", List.of(bias), Dims.of(batch, heads, queries, keys));
      Check.noGuards("an Attention's bias", bias);
    }
    if (form == Form.BACKWARD) {
      Check.outputs("an Attention's query gradient", List.of(query), Dims.of(batch, heads, queries, width));
      Check.outputs("an Attention's key gradient", List.of(key), Dims.of(batch, heads, keys, width));
      Check.outputs("an Attention's value gradient", List.of(value), Dims.of(batch, heads, keys, valueWidth));
    }
  }

  public DType dtype() {
    return query.dtype();
  }

  public Dims querySpace() {
    return Dims.of(batch, heads, queries, width);
  }

  public Dims keySpace() {
    return Dims.of(batch, heads, keys, width);
  }

  public Dims valueSpace() {
    return Dims.of(batch, heads, keys, valueWidth);
  }

  public Dims biasSpace() {
    return Dims.of(batch, heads, queries, keys);
  }

  public Dims outSpace() {
    return Dims.of(batch, heads, queries, valueWidth);
  }

  private Operand queryOperand() {
    return new Operand(dtype(), query.span(querySpace()));
  }

  private Operand keyOperand() {
    return new Operand(dtype(), key.span(keySpace()));
  }

  private Operand valueOperand() {
    return new Operand(dtype(), value.span(valueSpace()));
  }

  private Operand outOperand() {
    return new Operand(dtype(), out.span(outSpace()));
  }

  private Operand logSumOperand() {
    return new Operand(dtype(), batch * heads * queries);
  }

  @Override
  public List<Operand> inputs() {
    List<Operand> in = new ArrayList<>(List.of(queryOperand(), keyOperand(), valueOperand()));
    if (bias != null) {
      in.add(new Operand(bias.dtype(), bias.span(biasSpace())));
    }
    if (form == Form.BACKWARD) {
      in.addAll(List.of(outOperand(), logSumOperand(), outOperand()));
    }
    return in;
  }

  @Override
  public List<Operand> outputs() {
    return form == Form.FORWARD
        ? List.of(outOperand(), logSumOperand())
        : List.of(queryOperand(), keyOperand(), valueOperand());
  }

  @Override
  public long operations() {
    long pairs = batch * heads * queries * keys;
    if (causal && queries == keys) {
      pairs = batch * heads * (queries * (queries + 1) / 2);
    }
    long forward = pairs * (2 * width + 2 * valueWidth + 4);
    return form == Form.FORWARD ? forward : forward * 5 / 2;
  }
}
