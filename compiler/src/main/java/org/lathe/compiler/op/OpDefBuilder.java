package org.lathe.compiler.op;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.lathe.compiler.ir.Attributes;
import org.lathe.compiler.ir.Literal;
import org.lathe.compiler.ir.TensorType;

/**
 * Assembles an {@link OpDef}. Every rule must be given or declined with a reason; only a composite may leave gradient and
 * lowering to its decomposition.
 */
public final class OpDefBuilder {
  private static final String OF_DECOMPOSITION = "that of the decomposition is used";

  private final String name;
  private OpDef.@Nullable TypeRule typeRule;
  private OpDef.@Nullable Reference reference;
  private @Nullable Rule<OpDef.Gradient> gradient;
  private @Nullable Rule<Lowering> lowering;
  private @Nullable Rule<OpDef.Decomposition> decomposition;
  private final List<OpDef.Sample> samples = new ArrayList<>();
  private OpDef.Tolerance tolerance = OpDef.Tolerance.ARITHMETIC;

  OpDefBuilder(String name) {
    this.name = name;
  }

  /** The type of the only output. */
  @FunctionalInterface
  public interface SingleType {
    TensorType infer(List<TensorType> inputs, Attributes attributes);
  }

  /** The value of the only output, whose type is {@code output}. */
  @FunctionalInterface
  public interface SingleReference {
    Literal evaluate(List<Literal> inputs, Attributes attributes, TensorType output);
  }

  /** The gradients of the inputs for the gradient of the only output. */
  @FunctionalInterface
  public interface SingleGradient {
    List<@Nullable Tensor> vjp(OpDef.Call call, Tensor outputGradient);
  }

  /** The only output, built from other ops. */
  @FunctionalInterface
  public interface SingleDecomposition {
    Tensor build(List<Tensor> inputs, Attributes attributes);
  }

  public OpDefBuilder types(OpDef.TypeRule rule) {
    typeRule = rule;
    return this;
  }

  public OpDefBuilder type(SingleType rule) {
    return types((in, a) -> List.of(rule.infer(in, a)));
  }

  public OpDefBuilder references(OpDef.Reference rule) {
    reference = rule;
    return this;
  }

  /** For one output; comes after {@link #type}. */
  public OpDefBuilder reference(SingleReference rule) {
    OpDef.TypeRule types = given(typeRule, "type rule before its reference");
    return references(
        (in, a) -> List.of(rule.evaluate(in, a, types.infer(in.stream().map(Literal::type).toList(), a).getFirst())));
  }

  public OpDefBuilder gradient(OpDef.Gradient rule) {
    gradient = Rule.of(rule);
    return this;
  }

  /** For one output. */
  public OpDefBuilder vjp(SingleGradient rule) {
    return gradient(
        (call, gradients) -> {
          Tensor g = gradients.getFirst();
          return g == null ? Collections.nCopies(call.inputs().size(), null) : rule.vjp(call, g);
        });
  }

  /** Differentiable, with a gradient of zero almost everywhere. */
  public OpDefBuilder zeroGradient() {
    return gradient((call, g) -> Collections.nCopies(call.inputs().size(), null));
  }

  public OpDefBuilder noGradient(String reason) {
    gradient = Rule.absent(reason);
    return this;
  }

  public OpDefBuilder lowering(Lowering rule) {
    lowering = Rule.of(rule);
    return this;
  }

  public OpDefBuilder noLowering(String reason) {
    lowering = Rule.absent(reason);
    return this;
  }

  public OpDefBuilder decompositions(OpDef.Decomposition rule) {
    decomposition = Rule.of(rule);
    return this;
  }

  /** For one output. */
  public OpDefBuilder decomposition(SingleDecomposition rule) {
    return decompositions((in, a) -> List.of(rule.build(in, a)));
  }

  public OpDefBuilder tolerance(OpDef.Tolerance value) {
    tolerance = value;
    return this;
  }

  /** An application to inputs of {@code types}, such as {@code "f32[3,13] i32[3]"}, with the usual values. */
  public OpDefBuilder sample(String types, Attributes attributes) {
    return sample(types, attributes, new OpDef.Domain[0]);
  }

  /** The last of {@code domains} holds for all further inputs; with none each type has its usual one. */
  public OpDefBuilder sample(String types, Attributes attributes, OpDef.Domain... domains) {
    List<TensorType> inputs = new ArrayList<>();
    List<OpDef.Domain> each = new ArrayList<>();
    for (String type : types.isBlank() ? new String[0] : types.strip().split("\\s+")) {
      TensorType t = TensorType.parse(type);
      each.add(
          domains.length == 0
              ? OpDef.Domain.of(t.dtype())
              : domains[Math.min(inputs.size(), domains.length - 1)]);
      inputs.add(t);
    }
    samples.add(new OpDef.Sample(List.copyOf(inputs), attributes, List.copyOf(each)));
    return this;
  }

  /** The finished definition. */
  public OpDef build() {
    if (decomposition == null) {
      decomposition = Rule.absent("it is a primitive");
    } else {
      gradient = gradient == null ? Rule.absent(OF_DECOMPOSITION) : gradient;
      lowering = lowering == null ? Rule.absent(OF_DECOMPOSITION) : lowering;
    }
    return new OpDef(
        name,
        given(typeRule, "type rule"),
        given(reference, "reference"),
        given(gradient, "gradient"),
        given(lowering, "lowering"),
        decomposition,
        samples,
        tolerance);
  }

  private <T> T given(@Nullable T rule, String what) {
    if (rule == null) {
      throw new IllegalStateException("op '" + name + "' has no " + what);
    }
    return rule;
  }
}
