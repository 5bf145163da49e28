package org.lathe.backends.simt.schedule;

import org.lathe.backends.simt.ir.KernelBuilder;
import org.lathe.backends.simt.ir.Memory;
import org.lathe.backends.simt.ir.Value;
import org.lathe.backends.simt.ir.Values;
import org.lathe.hal.DType;
import org.lathe.hal.Dims;
import org.lathe.hal.spec.Attention;
import org.lathe.hal.spec.View;

/** The sizes of an attention, where its operands are, and indices into them. A matrix is one batch and head. */
final class AttentionShape {
  final Attention spec;
  final DType dtype;
  final int matrices;
  final int queries;
  final int keys;
  final int width;
  final int valueWidth;
  /** A query sees the keys below its own number plus this; all keys without a causal mask. */
  final int ahead;

  AttentionShape(Attention spec) {
    this.spec = spec;
    this.dtype = spec.dtype();
    this.matrices = Math.toIntExact(spec.batch() * spec.heads());
    this.queries = Math.toIntExact(spec.queries());
    this.keys = Math.toIntExact(spec.keys());
    this.width = Math.toIntExact(spec.width());
    this.valueWidth = Math.toIntExact(spec.valueWidth());
    this.ahead = 1 + keys - queries;
  }

  boolean causal() {
    return spec.causal();
  }

  /** The position of the output that the forward pass gave, among the inputs of the backward pass. */
  int inOut() {
    return spec.bias() == null ? 3 : 4;
  }

  /** A two-dimensional part of an operand: one matrix. */
  record Matrix(Memory memory, Value base, long row, long column) {
    Value at(Value r, Value c) {
      return Values.add(Values.add(base, Values.mul(r, row)), Values.mul(c, column));
    }
  }

  private Matrix matrix(KernelBuilder k, Memory memory, View view, Dims space, Value matrix) {
    long reach = Math.abs(view.offset());
    for (int d = 0; d < space.rank(); d++) {
      reach = Math.addExact(reach, Math.multiplyExact(space.get(d), Math.abs(view.strides().get(d))));
    }
    Value m = reach > Integer.MAX_VALUE ? Values.cast(matrix, DType.I64) : matrix;
    Dims s = view.strides();
    long heads = spec.heads();
    Value base = s.get(0) == heads * s.get(1)
        ? Values.mul(m, s.get(1))
        : Values.add(Values.mul(Values.div(m, heads), s.get(0)), Values.mul(Values.rem(m, heads), s.get(1)));
    return new Matrix(memory, k.let("base", Values.add(base, view.offset())), s.get(2), s.get(3));
  }

  Matrix query(KernelBuilder k, Memory memory, Value matrix) {
    return matrix(k, memory, spec.query(), spec.querySpace(), matrix);
  }

  Matrix key(KernelBuilder k, Memory memory, Value matrix) {
    return matrix(k, memory, spec.key(), spec.keySpace(), matrix);
  }

  Matrix value(KernelBuilder k, Memory memory, Value matrix) {
    return matrix(k, memory, spec.value(), spec.valueSpace(), matrix);
  }

  Matrix out(KernelBuilder k, Memory memory, Value matrix) {
    return matrix(k, memory, spec.out(), spec.outSpace(), matrix);
  }

  Matrix bias(KernelBuilder k, Memory memory, Value matrix) {
    View view = spec.bias();
    if (view == null) {
      throw new IllegalStateException("an attention without a bias");
    }
    return matrix(k, memory, view, spec.biasSpace(), matrix);
  }
}
