package org.lathe.models.nn;

import org.lathe.compiler.op.Tensor;

/** Rectangles along the axes, [.., 4]: left, top, right, bottom. */
public final class Boxes {
  private Boxes() {}

  /** From [.., 4]: centre x, centre y, width, height. */
  public static Tensor ofCentres(Tensor x) {
    int last = x.rank() - 1;
    Tensor centre = x.slice(last, 0, 2);
    Tensor half = x.slice(last, 2, 4).mul(0.5);
    return Tensor.concat(last, centre.sub(half), centre.add(half));
  }

  /**
   * The area of what two boxes share over that of both together, [..]: 1 for equal boxes, 0 for disjoint ones and for two
   * without area.
   */
  public static Tensor intersectionOverUnion(Tensor a, Tensor b) {
    int last = a.rank() - 1;
    Tensor low = a.slice(last, 0, 2).maximum(b.slice(last, 0, 2));
    Tensor high = a.slice(last, 2, 4).minimum(b.slice(last, 2, 4));
    Tensor shared = area(high.sub(low).maximum(0));
    Tensor both = area(size(a)).add(area(size(b))).sub(shared);
    return shared.div(both.maximum(1e-12));
  }

  private static Tensor size(Tensor box) {
    int last = box.rank() - 1;
    return box.slice(last, 2, 4).sub(box.slice(last, 0, 2)).maximum(0);
  }

  private static Tensor area(Tensor size) {
    int last = size.rank() - 1;
    return size.at(last, 0).mul(size.at(last, 1));
  }
}
