package org.lathe.backends.simt.schedule;

import java.util.List;
import org.lathe.backends.simt.ir.Memory;
import org.lathe.backends.simt.ir.Value;
import org.lathe.backends.simt.ir.Values;
import org.lathe.backends.simt.plan.LaunchBuilder;
import org.lathe.hal.spec.Contraction;

/** Contractions as products. */
final class GpuContraction {
  private GpuContraction() {}

  static Product product(Contraction spec) {
    Factors f = new Factors(spec, false);
    boolean columnsFollow = spec.epilogue().outputs().isEmpty()
        || Math.abs(spec.epilogue().outputs().getFirst().strides().last(0)) <= Math.abs(
            spec.epilogue().outputs().getFirst().strides().last(1));
    return new Product(
        spec, spec.accumulator(), spec.batch(), spec.m(), spec.n(), spec.k(), spec.epilogue(), spec.space(),
        columnsFollow, k -> bind(k, spec, f));
  }

  private static Product.Operands bind(LaunchBuilder k, Contraction spec, Factors f) {
    Memory a = k.input(0, "a");
    Memory b = k.input(1, "b");
    Value zero = Values.index(0);
    return new Product.Operands() {
      @Override
      public Product.Factor left(List<Value> batch) {
        return new Matrix(
            k, a, k.let("a_base", f.rowElement(batch, zero, zero)), f.rowStride(), f.rowDepthStride());
      }

      @Override
      public Product.Factor right(List<Value> batch) {
        return new Matrix(
            k, b, k.let("b_base", f.columnElement(batch, zero, zero)), f.columnStride(), f.columnDepthStride());
      }

      @Override
      public Product.Place point(List<Value> batch, Value row, Value column) {
        return new Product.Place(f.point(batch, row, column), Values.bool(true));
      }
    };
  }

  /** A matrix in memory. */
  private record Matrix(LaunchBuilder k, Memory memory, Value base, long stride, long depthStride)
      implements
        Product.Factor {
    @Override
    public boolean depthFollows() {
      return depthStride == 1 && stride != 1;
    }

    @Override
    public Product.Place across(Value index) {
      Value at = Values.add(base, Values.mul(Values.cast(index, base.type().dtype()), stride));
      return new Product.Place(List.of(k.let("across", at)), Values.bool(true));
    }

    @Override
    public Product.Place along(Value term) {
      Value at = Values.mul(Values.cast(term, base.type().dtype()), depthStride);
      return new Product.Place(List.of(k.let("along", at)), Values.bool(true));
    }

    @Override
    public Value element(Product.Place across, Product.Place along) {
      return Values.load(memory, Values.add(across.parts().getFirst(), along.parts().getFirst()));
    }
  }
}
