package org.lathe.compiler.op;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.lathe.compiler.ir.GraphBuilder;
import org.lathe.compiler.ir.Node;
import org.lathe.compiler.ir.Value;

/**
 * Reverse-mode differentiation as a transform of the graph that is being traced.
 *
 * <p>The backward nodes are appended to the same trace and are made of differentiable ops, so a gradient can be
 * differentiated again by the same call. Each carries the line of the forward node that it comes from. Only values that
 * lie between {@code wrt} and the outputs are differentiated. A composite without a gradient of its own is rebuilt from
 * its decomposition, which later passes merge with the forward one.
 */
public final class Gradients {
  private Gradients() {}

  /**
   * The gradients of a scalar with respect to {@code wrt}; zeros where it does not depend on one.
   *
   * @param loss floating, of one element
   * @throws NotDifferentiable if the loss is no floating scalar, or an op on the way has no gradient
   */
  public static List<Tensor> gradients(Tensor loss, List<Tensor> wrt) {
    if (!loss.dtype().isFloating() || loss.type().size() != 1) {
      throw new NotDifferentiable(
          "the gradient of " + loss.type() + " was asked for: a loss is one floating number; reduce it with sum or mean"
              + line(loss.value().node()));
    }
    return vjp(List.of(loss), List.of(loss.like(1)), wrt);
  }

  /** The gradient with respect to one tensor. */
  public static Tensor gradient(Tensor loss, Tensor wrt) {
    return gradients(loss, List.of(wrt)).getFirst();
  }

  /**
   * The vector-Jacobian product: the gradients with respect to {@code wrt} of the sum over the outputs of output times
   * cotangent; zeros where no output depends on one.
   *
   * @param cotangents one for each output, of its type
   */
  public static List<Tensor> vjp(List<Tensor> outputs, List<Tensor> cotangents, List<Tensor> wrt) {
    List<@Nullable Tensor> found = sparseVjp(outputs, new ArrayList<>(cotangents), wrt);
    List<Tensor> full = new ArrayList<>();
    for (int i = 0; i < wrt.size(); i++) {
      Tensor g = found.get(i);
      full.add(g == null ? wrt.get(i).zerosLike() : g);
    }
    return full;
  }

  /** As {@link #vjp}, with null for a cotangent of zero, and null where nothing flows. */
  public static List<@Nullable Tensor> sparseVjp(
      List<Tensor> outputs, List<@Nullable Tensor> cotangents, List<Tensor> wrt) {
    int first = wrt.stream().mapToInt(x -> x.value().node().id()).min().orElse(Integer.MAX_VALUE);
    return sparseVjp(outputs, cotangents, wrt, first);
  }

  private static List<@Nullable Tensor> sparseVjp(
      List<Tensor> outputs, List<@Nullable Tensor> cotangents, List<Tensor> wrt, int first) {
    for (Tensor x : wrt) {
      if (!x.dtype().isFloating()) {
        throw new NotDifferentiable(
            "the gradient with respect to " + x.type() + " was asked for: only floating values have one"
                + line(x.value().node()));
      }
      if (!outputs.isEmpty() && x.builder() != outputs.getFirst().builder()) {
        throw new NotDifferentiable(
            "inside of a loop or a choice, the gradient with respect to " + x.type()
                + " from outside of the loop was asked for: take it outside, or pass the tensor through a carry"
                + line(x.value().node()));
      }
    }
    Map<Value, Tensor> gradients = new HashMap<>();
    for (int i = 0; i < outputs.size(); i++) {
      Tensor cotangent = cotangents.get(i);
      if (cotangent != null) {
        if (!cotangent.type().equals(outputs.get(i).type())) {
          throw new IllegalArgumentException(
              "the cotangent " + cotangent.type() + " of output " + i + " must have its type " + outputs.get(i).type());
        }
        gradients.merge(outputs.get(i).value(), cotangent, Tensor::add);
      }
    }
    List<Node> nodes = between(outputs, first);
    Set<Value> active = active(nodes, wrt);
    for (Node node : nodes.reversed()) {
      if (node.inputs().stream().anyMatch(active::contains)) {
        backward(node, gradients, active, builder(wrt, outputs));
      }
    }
    List<@Nullable Tensor> result = new ArrayList<>();
    for (Tensor x : wrt) {
      result.add(gradients.get(x.value()));
    }
    return result;
  }

  private static GraphBuilder builder(List<Tensor> wrt, List<Tensor> outputs) {
    return (outputs.isEmpty() ? wrt : outputs).getFirst().builder();
  }

  /** The nodes that the outputs are computed from, in topological order, from number {@code first} on. */
  private static List<Node> between(List<Tensor> outputs, int first) {
    TreeSet<Node> found = new TreeSet<>(Comparator.comparingInt(Node::id));
    Deque<Node> open = new ArrayDeque<>();
    outputs.forEach(o -> open.add(o.value().node()));
    while (!open.isEmpty()) {
      Node node = open.pop();
      if (node.id() >= first && found.add(node)) {
        node.inputs().forEach(v -> open.add(v.node()));
      }
    }
    return List.copyOf(found);
  }

  /** The floating values that depend on {@code wrt}, itself included. */
  private static Set<Value> active(List<Node> nodes, List<Tensor> wrt) {
    Set<Value> active = new HashSet<>();
    wrt.forEach(x -> active.add(x.value()));
    for (Node node : nodes) {
      if (!node.is(Linear.STOP_GRADIENT) && node.inputs().stream().anyMatch(active::contains)) {
        for (int i = 0; i < node.types().size(); i++) {
          if (node.types().get(i).dtype().isFloating()) {
            active.add(node.output(i));
          }
        }
      }
    }
    return active;
  }

  private static void backward(Node node, Map<Value, Tensor> gradients, Set<Value> active, GraphBuilder builder) {
    List<@Nullable Tensor> outputGradients = new ArrayList<>();
    boolean any = false;
    for (int i = 0; i < node.types().size(); i++) {
      Tensor g = active.contains(node.output(i)) ? gradients.get(node.output(i)) : null;
      any |= g != null;
      outputGradients.add(g);
    }
    if (!any) {
      return;
    }
    builder.at(
        node.source(),
        () -> {
          OpDef.Call call = call(node, active, builder);
          List<@Nullable Tensor> found = apply(call, outputGradients);
          for (int i = 0; i < found.size(); i++) {
            Tensor g = found.get(i);
            if (g != null && call.wants(i)) {
              check(node, i, g);
              gradients.merge(node.input(i), g, Tensor::add);
            }
          }
          return builder;
        });
  }

  private static OpDef.Call call(Node node, Set<Value> active, GraphBuilder builder) {
    List<Tensor> inputs = new ArrayList<>();
    List<Tensor> outputs = new ArrayList<>();
    List<Boolean> wanted = new ArrayList<>();
    for (Value v : node.inputs()) {
      inputs.add(new Tensor(builder, v));
      wanted.add(active.contains(v));
    }
    for (int i = 0; i < node.types().size(); i++) {
      outputs.add(new Tensor(builder, node.output(i)));
    }
    return new OpDef.Call(node, inputs, outputs, wanted);
  }

  private static List<@Nullable Tensor> apply(OpDef.Call call, List<@Nullable Tensor> outputGradients) {
    OpDef op = OpDef.of(call.node());
    return switch (op.gradient()) {
      case Rule.Present<OpDef.Gradient>(OpDef.Gradient rule) -> rule.vjp(call, outputGradients);
      case Rule.Absent<OpDef.Gradient>(String reason) -> {
        if (!op.decomposition().isPresent()) {
          throw new NotDifferentiable(op.name() + " has no gradient: " + reason + line(call.node()));
        }
        yield ofDecomposition(call, outputGradients);
      }
    };
  }

  /**
   * The gradients of a composite's inputs by way of its decomposition, which is built anew. Only its own nodes are walked:
   * a path from one input to another is not the composite's.
   */
  static List<@Nullable Tensor> ofDecomposition(OpDef.Call call, List<@Nullable Tensor> outputGradients) {
    OpDef op = OpDef.of(call.node());
    List<Integer> places = new ArrayList<>();
    List<Tensor> wrt = new ArrayList<>();
    for (int i = 0; i < call.inputs().size(); i++) {
      if (call.wants(i) && call.inputs().subList(0, i).stream().noneMatch(same(call.input(i)))) {
        places.add(i);
        wrt.add(call.input(i));
      }
    }
    int first = call.input(0).builder().size();
    List<Tensor> outputs = op.decomposition().orElseThrow(() -> "the decomposition of " + op.name())
        .build(call.inputs(), call.attributes());
    List<@Nullable Tensor> found = sparseVjp(outputs, outputGradients, wrt, first);
    List<@Nullable Tensor> result = new ArrayList<>(Collections.nCopies(call.inputs().size(), null));
    for (int i = 0; i < places.size(); i++) {
      result.set(places.get(i), found.get(i));
    }
    return result;
  }

  private static Predicate<Tensor> same(Tensor t) {
    return other -> other.value().equals(t.value());
  }

  private static void check(Node node, int i, Tensor g) {
    if (!g.type().equals(node.input(i).type())) {
      throw new IllegalStateException(
          "the gradient rule of " + node.op().name() + " gives " + g.type() + " for input " + i + " of type "
              + node.input(i).type());
    }
  }

  private static String line(Node node) {
    return node.source() == null ? "" : " (" + node.source() + ")";
  }
}
