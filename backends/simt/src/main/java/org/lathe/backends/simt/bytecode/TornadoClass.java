package org.lathe.backends.simt.bytecode;

import java.lang.classfile.ClassFile;
import java.lang.classfile.CodeBuilder;
import java.lang.classfile.Opcode;
import java.lang.constant.ClassDesc;
import java.lang.constant.ConstantDescs;
import java.lang.constant.MethodTypeDesc;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.lathe.backends.simt.ir.Kernel;
import org.lathe.backends.simt.ir.Memory;
import org.lathe.backends.simt.ir.Parameter;
import org.lathe.backends.simt.ir.Statement;
import org.lathe.backends.simt.opencl.Calling;
import org.lathe.hal.DType;

/**
 * Kernels in the dialect of TornadoVM 5: a class with the kernel as a static method, and beside it a tiny class that is the
 * task. Both name TornadoVM's classes and need none of them to be written.
 *
 * <p><b>Limits of TornadoVM 5.2.1 that the form follows</b>:
 *
 * <ul>
 * <li>The kernel's method is found by an index of one byte in the task's constant pool: the task has one method and one
 * constructor, and the kernel, with its functions, is a class of its own.
 * <li>At most 20 arguments, and scalars become constants of the compiled kernel: all offsets and scalars are in one {@code
 * LongArray}, the last argument; the kernel sets the number after them to {@link Calling.Tornado#RAN}. Arrays that parameters share are one argument.
 * <li>Kernels are named as nothing in OpenCL is; the LocalVariableTable names every parameter from 0 on.
 * <li>{@code >>>} is compiled as {@code >>}, hence masks; {@code Math.fma}, {@code rint}, the remainder of floating values
 * and taking bits for another type are refused: the first two are made of other operations, of the others {@link #refuses}
 * tells, and with them of the half types, and of f64, of which it computes square roots in f32 and writes comparisons with
 * constants that OpenCL takes for ambiguous.
 * <li>{@code <=} and {@code >=} of floating values are compiled as the opposites of {@code >} and {@code <}, which hold with
 * NaN: they are made of two comparisons.
 * <li>Without a global barrier beside the local one, global memory would not be seen by the group.
 * </ul>
 */
public final class TornadoClass {
  /** TornadoVM's own package, for {@link #of}. */
  public static final String API = "uk.ac.manchester.tornado.api.";
  private static final int MOST_ARGUMENTS = 20;
  private static final int FLAGS = ClassFile.ACC_PUBLIC | ClassFile.ACC_SUPER | ClassFile.ACC_FINAL;

  /**
   * A kernel with its task.
   *
   * @param method the kernel's static method
   * @param arrays the simple class names of TornadoVM's arrays that it takes, between the context and the numbers
   */
  public record Task(KernelClass kernel, KernelClass task, String method, List<String> arrays) {
    public Task {
      arrays = List.copyOf(arrays);
    }
  }

  private final Kernel kernel;
  private final List<Integer> arenas;
  private final TornadoNames names;
  private final ClassDesc self;
  private final List<ClassDesc> arrays;

  private TornadoClass(Kernel kernel, List<Integer> arenas, TornadoNames names) {
    this.kernel = kernel;
    this.arenas = arenas;
    this.names = names;
    this.self = ClassDesc.of("org.lathe.generated.tornado." + kernel.name() + "_"
        + arenas.stream().map(String::valueOf).collect(Collectors.joining("_")));
    this.arrays = arrays();
  }

  /**
   * The classes of one kernel.
   *
   * @param arenas for each parameter of global memory, in order, the number of the array that it lies in, counted from 0
   *     by first use; parameters of one array have one element type
   * @param api the package of TornadoVM's classes, with a dot at its end: {@link #API}, or that of stand-ins
   * @throws Unwritable if the dialect has no words for the kernel
   */
  public static Task of(Kernel kernel, List<Integer> arenas, String api) {
    TornadoClass c = new TornadoClass(kernel, arenas, new TornadoNames(api));
    try {
      return new Task(
          c.kernelClass(), c.taskClass(), kernel.name(), c.arrays.stream().map(ClassDesc::displayName).toList());
    } catch (IllegalArgumentException e) {
      throw new Unwritable(kernel.name(), String.valueOf(e.getMessage()));
    }
  }

  /** Why TornadoVM cannot compile such a kernel, or empty if it can. */
  public static Optional<String> refuses(Kernel kernel, List<Integer> arenas) {
    try {
      of(kernel, arenas, API);
      return Optional.empty();
    } catch (Unwritable e) {
      return Optional.of(String.valueOf(e.getMessage()));
    }
  }

  private List<Parameter.Global> globals() {
    return kernel.parameters().stream().filter(Parameter.Global.class::isInstance).map(Parameter.Global.class::cast)
        .toList();
  }

  private List<ClassDesc> arrays() {
    List<Parameter.Global> globals = globals();
    TreeMap<Integer, ClassDesc> byNumber = new TreeMap<>();
    for (int i = 0; i < globals.size(); i++) {
      checkDtype(globals.get(i));
      ClassDesc type = names.array(globals.get(i).dtype());
      ClassDesc before = byNumber.putIfAbsent(arenas.get(i), type);
      if (before != null && !before.equals(type)) {
        throw new Unwritable(
            kernel.name(), "one array would be " + before.displayName() + " and " + type.displayName());
      }
    }
    kernel.arrays().forEach(this::checkDtype);
    if (byNumber.size() + 2 > MOST_ARGUMENTS) {
      throw new Unwritable(kernel.name(), byNumber.size() + " arrays, and TornadoVM takes " + (MOST_ARGUMENTS - 2));
    }
    return new ArrayList<>(byNumber.values());
  }

  private void checkDtype(Memory memory) {
    if (memory.dtype() == DType.F16 || memory.dtype() == DType.BF16) {
      throw new Unwritable(
          kernel.name(), "TornadoVM's OpenCL compiler cannot take the bits of " + memory.dtype() + " for a number");
    }
    if (memory.dtype() == DType.F64) {
      throw new Unwritable(kernel.name(), "TornadoVM's OpenCL compiler computes some functions of f64 in f32");
    }
  }

  private MethodTypeDesc type() {
    List<ClassDesc> parameters = new ArrayList<>(List.of(names.context()));
    parameters.addAll(arrays);
    parameters.add(names.array(DType.I64));
    return MethodTypeDesc.of(ConstantDescs.CD_void, parameters);
  }

  private KernelClass kernelClass() {
    List<Statement> body = Scalars.of(kernel.body());
    TornadoDialect dialect = new TornadoDialect(names);
    Functions functions = new Functions(self, kernel.name());
    byte[] bytes = ClassFile.of().build(self, c -> {
      c.withFlags(FLAGS);
      c.withMethodBody(
          kernel.name(), type(), ClassFile.ACC_PUBLIC | ClassFile.ACC_STATIC,
          code -> write(code, body, dialect, functions));
      functions.write(c, dialect);
    });
    return new KernelClass(kernel, binaryName(self), bytes);
  }

  private static String binaryName(ClassDesc c) {
    return c.packageName() + "." + c.displayName();
  }

  private void write(CodeBuilder code, List<Statement> body, TornadoDialect dialect, Functions functions) {
    MethodTypeDesc type = type();
    for (int p = 0; p < type.parameterCount(); p++) {
      String name = p == 0 ? "context" : p == type.parameterCount() - 1 ? "numbers" : "array" + (p - 1);
      code.localVariable(p, name, type.parameterType(p), code.startLabel(), code.endLabel());
    }
    MethodWriter m = new MethodWriter(kernel.name(), code, dialect, functions, false);
    m.begin();
    List<Parameter.Global> globals = globals();
    for (int i = 0; i < globals.size(); i++) {
      dialect.place(globals.get(i), 1 + arenas.get(i));
    }
    for (int i = 0; i < kernel.parameters().size(); i++) {
      dialect.declareNumber(m, type.parameterCount() - 1, i, kernel.parameters().get(i));
    }
    sayThatItRan(code, type.parameterCount() - 1);
    kernel.arrays().forEach(a -> dialect.declare(m, a));
    m.block(body);
    code.return_();
  }

  /** The first work item leaves {@link Calling.Tornado#RAN} after the numbers. */
  private void sayThatItRan(CodeBuilder code, int numbersSlot) {
    for (int axis = 0; axis < 3; axis++) {
      code.aload(0).getfield(names.context(), "globalId" + "xyz".charAt(axis), TornadoNames.INTEGER)
          .invokevirtual(TornadoNames.INTEGER, "intValue", MethodTypeDesc.of(ConstantDescs.CD_int));
      if (axis > 0) {
        code.iadd();
      }
    }
    code.ifThen(Opcode.IFEQ, then -> then.aload(numbersSlot).loadConstant(kernel.parameters().size())
        .loadConstant(Calling.Tornado.RAN).invokevirtual(
            names.array(DType.I64), "set",
            MethodTypeDesc.of(ConstantDescs.CD_void, ConstantDescs.CD_int, ConstantDescs.CD_long)));
  }

  /** An object whose {@code apply} calls the kernel. */
  private KernelClass taskClass() {
    ClassDesc task = ClassDesc.of(binaryName(self) + "_task");
    MethodTypeDesc type = type();
    int n = type.parameterCount();
    byte[] bytes = ClassFile.of().build(task, c -> {
      c.withFlags(FLAGS).withInterfaceSymbols(names.task(n));
      c.withMethodBody(
          "apply", MethodTypeDesc.of(ConstantDescs.CD_void, java.util.Collections.nCopies(n, ConstantDescs.CD_Object)),
          ClassFile.ACC_PUBLIC, code -> {
            for (int p = 0; p < n; p++) {
              code.aload(1 + p).checkcast(type.parameterType(p));
            }
            code.invokestatic(self, kernel.name(), type).return_();
          });
      c.withMethodBody(
          ConstantDescs.INIT_NAME, ConstantDescs.MTD_void, ClassFile.ACC_PUBLIC, code -> code.aload(0)
              .invokespecial(ConstantDescs.CD_Object, ConstantDescs.INIT_NAME, ConstantDescs.MTD_void).return_());
    });
    return new KernelClass(kernel, binaryName(task), bytes);
  }
}
