package org.lathe.backends.simt.bytecode;

import java.lang.constant.ClassDesc;
import java.lang.constant.ConstantDescs;
import org.lathe.hal.DType;

/**
 * The classes of TornadoVM that kernels name. Names only: nothing of TornadoVM is needed to write a kernel.
 *
 * @param api the package, with a dot at its end; another one than TornadoVM's own has classes that stand in for it
 */
record TornadoNames(String api) {
  static final ClassDesc INTEGER = ConstantDescs.CD_Integer;

  ClassDesc context() {
    return ClassDesc.of(api + "KernelContext");
  }

  ClassDesc math() {
    return ClassDesc.of(api + "math.TornadoMath");
  }

  /** The function that a task with so many arguments is. */
  ClassDesc task(int arguments) {
    return ClassDesc.of(api + "common.TornadoFunctions$Task" + arguments);
  }

  ClassDesc array(DType dtype) {
    return ClassDesc.of(api + "types.arrays." + switch (dtype) {
      case F32 -> "FloatArray";
      case F64 -> "DoubleArray";
      case I32 -> "IntArray";
      case I64 -> "LongArray";
      case U8, BOOL -> "ByteArray";
      case F16, BF16 -> throw new IllegalArgumentException(dtype + " has no array");
    });
  }
}
