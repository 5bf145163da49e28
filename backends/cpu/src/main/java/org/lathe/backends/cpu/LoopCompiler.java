package org.lathe.backends.cpu;

import static java.lang.constant.ConstantDescs.CD_Object;
import static java.lang.constant.ConstantDescs.CD_int;
import static java.lang.constant.ConstantDescs.CD_long;
import static java.lang.constant.ConstantDescs.CD_void;
import static java.lang.constant.ConstantDescs.INIT_NAME;
import static java.lang.constant.ConstantDescs.MTD_void;

import java.lang.classfile.ClassBuilder;
import java.lang.classfile.ClassFile;
import java.lang.classfile.CodeBuilder;
import java.lang.classfile.Label;
import java.lang.classfile.TypeKind;
import java.lang.constant.ClassDesc;
import java.lang.constant.MethodTypeDesc;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Makes loops of expressions: each a hidden class with a vector loop for the whole vectors and a scalar loop for the
 * rest. Equal specs share one class. Safe for use by several threads.
 */
final class LoopCompiler {
  private static final ConcurrentHashMap<LoopSpec, Loop> LOOPS = new ConcurrentHashMap<>();
  private static final ClassDesc NAME = ClassDesc.of("org.lathe.backends.cpu.FusedLoop");
  private static final MethodTypeDesc REST = MethodTypeDesc.of(CD_void, CD_long.arrayType(), CD_int, CD_int);
  private static final MethodTypeDesc RUN = MethodTypeDesc.of(CD_void, CD_long.arrayType(), CD_int);

  private LoopCompiler() {}

  /** The loop of a spec, compiled at the first call. */
  static Loop compile(LoopSpec spec) {
    Loop loop = LOOPS.get(spec);
    return loop != null ? loop : LOOPS.computeIfAbsent(spec, LoopCompiler::define);
  }

  /** Whether the loop of a spec is a vector loop. */
  static boolean isVector(LoopSpec spec) {
    return spec.vector() && VectorEmitter.width(spec, Lowering.of(spec)) != 0;
  }

  /** Nanoseconds a point, roughly: for deciding how many threads to use. */
  static double cost(LoopSpec spec) {
    Lowering.Lowered lowered = Lowering.of(spec);
    boolean[] uniform = ScalarEmitter.uniform(spec, lowered.body());
    int operations = spec.outputs().size();
    double calls = 0;
    for (int i = 0; i < uniform.length; i++) {
      operations += uniform[i] ? 0 : 1;
      calls += !uniform[i] && lowered.body().at(i).op() == Op.CALL ? 15 : 0;
    }
    int width = spec.vector() ? VectorEmitter.width(spec, lowered) : 0;
    return width == 0 ? calls + operations * 0.4 : operations * 0.5 * width / (32 * Simd.LANES);
  }

  private static Loop define(LoopSpec spec) {
    Lowering.Lowered lowered = Lowering.of(spec);
    int width = spec.vector() ? VectorEmitter.width(spec, lowered) : 0;
    byte[] bytes = ClassFile.of().build(NAME, c -> classBody(c, spec, lowered, width));
    try {
      MethodHandles.Lookup hidden = MethodHandles.lookup().defineHiddenClass(bytes, true);
      return (Loop) hidden.findConstructor(hidden.lookupClass(), MethodType.methodType(void.class)).invoke();
    } catch (Throwable e) {
      throw new IllegalStateException("cannot define the loop of " + spec + ": " + e, e);
    }
  }

  private static void classBody(ClassBuilder c, LoopSpec spec, Lowering.Lowered lowered, int width) {
    c.withFlags(ClassFile.ACC_FINAL | ClassFile.ACC_SUPER);
    c.withInterfaceSymbols(ScalarEmitter.desc(Loop.class));
    c.withMethodBody(INIT_NAME, MTD_void, 0, k -> k.aload(0).invokespecial(CD_Object, INIT_NAME, MTD_void).return_());
    c.withMethodBody("rest", REST, ClassFile.ACC_STATIC, k -> {
      ScalarEmitter scalar = new ScalarEmitter(k, spec, lowered, 0);
      scalar.prologue();
      scalar.loop(1, 2);
      k.return_();
    });
    c.withMethodBody("run", RUN, ClassFile.ACC_PUBLIC, k -> {
      int done = k.allocateLocal(TypeKind.INT);
      k.iconst_0().istore(done);
      if (width != 0) {
        vectorPart(k, spec, lowered, width, done);
      }
      Label end = k.newLabel();
      k.iload(done).iload(2).if_icmpge(end);
      k.aload(1).iload(done).iload(2).invokestatic(NAME, "rest", REST);
      k.labelBinding(end).return_();
    });
  }

  private static void vectorPart(CodeBuilder k, LoopSpec spec, Lowering.Lowered lowered, int width, int done) {
    ScalarEmitter scalar = new ScalarEmitter(k, spec, lowered, 1);
    VectorEmitter vector = new VectorEmitter(scalar, lowered.results(), width == 64);
    Label few = k.newLabel();
    k.iload(2).loadConstant(vector.step()).if_icmplt(few);
    scalar.prologue();
    vector.loop(done, 2);
    k.labelBinding(few);
  }
}
