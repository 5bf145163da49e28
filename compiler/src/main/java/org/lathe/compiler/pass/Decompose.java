package org.lathe.compiler.pass;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.lathe.compiler.ir.Graph;
import org.lathe.compiler.ir.GraphBuilder;
import org.lathe.compiler.ir.Node;
import org.lathe.compiler.ir.TensorType;
import org.lathe.compiler.ir.Value;
import org.lathe.compiler.op.Lowering;
import org.lathe.compiler.op.OpDef;
import org.lathe.compiler.op.Rule;
import org.lathe.compiler.op.Tensor;
import org.lathe.hal.DType;
import org.lathe.hal.device.Capabilities;
import org.lathe.hal.spec.Epilogue;
import org.lathe.hal.spec.View;

/**
 * Replaces composites by what they are made of, down to primitives. A composite that has a kernel stays whole if the
 * device takes it.
 */
public final class Decompose implements Pass {
  private final Capabilities capabilities;

  public Decompose(Capabilities capabilities) {
    this.capabilities = capabilities;
  }

  @Override
  public String name() {
    return "decompose";
  }

  @Override
  public Graph apply(Graph graph) {
    Graph before = graph;
    Graph after = once(before);
    while (after != before) {
      before = after;
      after = once(before);
    }
    return after;
  }

  /** Composites may be made of composites: each round takes one level apart. */
  private Graph once(Graph graph) {
    return Rewriter.rewrite(graph, this, this::parts);
  }

  private @Nullable List<Value> parts(Node node, List<Value> operands, GraphBuilder b) {
    OpDef op = OpDef.of(node);
    if (!(op.decomposition() instanceof Rule.Present<OpDef.Decomposition>(OpDef.Decomposition decomposition))
        || (op.lowering() instanceof Rule.Present<Lowering>(Lowering lowering) && isTaken(node, lowering))) {
      return null;
    }
    List<Tensor> in = new ArrayList<>();
    for (Value v : operands) {
      in.add(new Tensor(b, v));
    }
    return decomposition.build(in, node.attributes()).stream().map(Tensor::value).toList();
  }

  /** Whether the device takes the kernel, tried on dense operands. */
  private boolean isTaken(Node node, Lowering lowering) {
    List<TensorType> types = node.inputs().stream().map(Value::type).toList();
    List<View> views = types.stream().map(t -> View.dense(t.dtype(), t.shape())).toList();
    try {
      return switch (lowering) {
        case Lowering.Fusable(Lowering.FusableRule rule, boolean strided) -> {
          TensorType out = node.output().type();
          DType accumulator = types.getFirst().dtype().compute();
          Epilogue store = Epilogue.store(accumulator, View.dense(out.dtype(), out.shape()));
          yield capabilities.refuses(rule.build(types, views, node.attributes(), out, store)).isEmpty();
        }
        case Lowering.Whole(Lowering.WholeRule rule, List<Integer> strided) -> capabilities
            .refuses(rule.build(types, views, node.attributes(), node.types()))
            .isEmpty();
        default -> true;
      };
    } catch (IllegalArgumentException noSuchKernel) {
      // The kernel family has no member for these types, such as a recurrence of f16: the parts do.
      return false;
    }
  }
}
