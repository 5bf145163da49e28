package org.lathe.backends.simt.ir;

import org.lathe.hal.DType;

/** Addressable memory: elements of one dtype, indexed from 0. */
public sealed interface Memory permits Parameter.Global, Memory.Local, Memory.Private {
  String name();

  DType dtype();

  long elements();

  /** Memory that the work items of one group share. Undefined when the group starts. */
  record Local(String name, DType dtype, long elements) implements Memory {
    @Override
    public String toString() {
      return "local " + name + ": " + dtype + "[" + elements + "]";
    }
  }

  /** An array of one work item. Undefined when it starts. */
  record Private(String name, DType dtype, long elements) implements Memory {
    @Override
    public String toString() {
      return "private " + name + ": " + dtype + "[" + elements + "]";
    }
  }
}
