package org.lathe.compiler.ir;

import java.util.List;

/** What a node does. The one implementation with all of an op's rules is {@code compiler.op.OpDef}. */
public interface Op {
  /** Unique; in printed graphs. */
  String name();

  /**
   * The types of the outputs.
   *
   * @throws TypeError if the inputs do not fit
   */
  List<TensorType> infer(List<TensorType> inputs, Attributes attributes);
}
