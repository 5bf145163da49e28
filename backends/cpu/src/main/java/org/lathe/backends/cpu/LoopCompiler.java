package org.lathe.backends.cpu;

import static java.lang.constant.ConstantDescs.CD_Object;
import static java.lang.constant.ConstantDescs.CD_boolean;
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
 * Makes loops of expressions: each a hidden class with a scalar form and, where it has one, a vector form, which takes
 * over when it is hot. Equal specs share one class. Safe for use by several threads.
 */
final class LoopCompiler {
  private static final ConcurrentHashMap<LoopSpec, Loop> LOOPS = new ConcurrentHashMap<>();
  private static final ClassDesc NAME = ClassDesc.of("org.lathe.backends.cpu.FusedLoop");
  private static final MethodTypeDesc REST = MethodTypeDesc.of(CD_void, CD_long.arrayType(), CD_int, CD_int);
  private static final MethodTypeDesc FINISH = MethodTypeDesc.of(CD_void, CD_long.arrayType());
  private static final MethodTypeDesc RUN = MethodTypeDesc.of(CD_void, CD_long.arrayType(), CD_int);

  /** Points after which a loop is worth compiling in its vector form. */
  private static final int WORTH_WARMING = 10_000;

  /**
   * Instructions of one loop at most. Of chains of tanh, one of 516 instructions was compiled without boxed vectors, one
   * of 684 was not. A loop with folds has its body three times.
   */
  private static final int MOST_INSTRUCTIONS = 450;

  /** Whether vector forms are used from the first call. For tests: they are slow then, and as right as ever. */
  static volatile boolean eager;

  private LoopCompiler() {}

  /** The loop of a spec, compiled at the first call. */
  static Loop compile(LoopSpec spec) {
    Loop loop = LOOPS.get(spec);
    if (loop == null) {
      // Not computeIfAbsent: a loop that is split compiles its parts.
      Loop made = define(spec);
      Loop other = LOOPS.putIfAbsent(spec, made);
      loop = other != null ? other : made;
    }
    return loop;
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
    boolean folds = spec.outputs().stream().anyMatch(o -> o.fold() != null);
    if (lowered.body().size() > MOST_INSTRUCTIONS / (folds ? 3 : 1)) {
      return SplitLoop.of(spec);
    }
    byte[] bytes = ClassFile.of().build(NAME, c -> classBody(c, spec, lowered, width));
    try {
      MethodHandles.Lookup hidden = MethodHandles.lookup().defineHiddenClass(bytes, true);
      Loop loop = (Loop) hidden.findConstructor(hidden.lookupClass(), MethodType.methodType(void.class)).invoke();
      if (eager && loop instanceof VectorLoop v) {
        v.setHot();
      }
      return loop;
    } catch (Throwable e) {
      throw new IllegalStateException("cannot define the loop of " + spec + ": " + e, e);
    }
  }

  private static void classBody(ClassBuilder c, LoopSpec spec, Lowering.Lowered lowered, int width) {
    c.withFlags(ClassFile.ACC_FINAL | ClassFile.ACC_SUPER);
    c.withInterfaceSymbols(ScalarEmitter.desc(width != 0 ? VectorLoop.class : Loop.class));
    c.withMethodBody(INIT_NAME, MTD_void, 0, k -> k.aload(0).invokespecial(CD_Object, INIT_NAME, MTD_void).return_());
    c.withMethodBody("rest", REST, ClassFile.ACC_STATIC, k -> {
      ScalarEmitter scalar = new ScalarEmitter(k, spec, lowered, 0);
      scalar.prologue();
      scalar.loop(1, 2);
      k.return_();
    });
    c.withMethodBody("all", RUN, ClassFile.ACC_STATIC, k -> {
      new ScalarEmitter(k, spec, lowered, 0).start();
      k.aload(0).iconst_0().iload(1).invokestatic(NAME, "rest", REST);
      k.aload(0).invokestatic(NAME, "finish", FINISH).return_();
    });
    c.withMethodBody("finish", FINISH, ClassFile.ACC_STATIC, k -> {
      new ScalarEmitter(k, spec, lowered, 0).finish();
      k.return_();
    });
    if (width == 0) {
      c.withMethodBody("run", RUN, ClassFile.ACC_PUBLIC,
          k -> k.aload(1).iload(2).invokestatic(NAME, "all", RUN).return_());
      return;
    }
    c.withField("hot", CD_boolean, ClassFile.ACC_STATIC);
    c.withField("points", CD_int, ClassFile.ACC_STATIC);
    c.withMethodBody("run", RUN, ClassFile.ACC_PUBLIC, LoopCompiler::tieredRun);
    c.withMethodBody("setHot", MTD_void, ClassFile.ACC_PUBLIC,
        k -> k.iconst_1().putstatic(NAME, "hot", CD_boolean).return_());
    int[] step = new int[1];
    c.withMethodBody("vector", RUN, ClassFile.ACC_PUBLIC, k -> step[0] = vectorForm(k, spec, lowered, width));
    constant(c, "step", step[0]);
    constant(c, "operations", (lowered.body().size() + 1) * step[0] * width / (32 * Simd.LANES));
    constant(c, "slots", spec.arrayLength());
  }

  private static void constant(ClassBuilder c, String method, int value) {
    c.withMethodBody(method, MethodTypeDesc.of(CD_int), ClassFile.ACC_PUBLIC, k -> k.loadConstant(value).ireturn());
  }

  /** Uses the vector form once it is hot; before, the scalar form, and counts. */
  private static void tieredRun(CodeBuilder k) {
    Label cold = k.newLabel();
    Label end = k.newLabel();
    k.getstatic(NAME, "hot", CD_boolean).ifeq(cold);
    k.aload(0).aload(1).iload(2).invokevirtual(NAME, "vector", RUN).return_();
    k.labelBinding(cold);
    k.aload(1).iload(2).invokestatic(NAME, "all", RUN);
    k.getstatic(NAME, "points", CD_int).iload(2).iadd().dup().putstatic(NAME, "points", CD_int);
    k.loadConstant(WORTH_WARMING).if_icmplt(end);
    k.loadConstant(Integer.MIN_VALUE).putstatic(NAME, "points", CD_int);
    k.aload(0).invokestatic(ScalarEmitter.desc(LoopWarmer.class), "request",
        MethodTypeDesc.of(CD_void, ScalarEmitter.desc(VectorLoop.class)));
    k.labelBinding(end).return_();
  }

  private static int vectorForm(CodeBuilder k, LoopSpec spec, Lowering.Lowered lowered, int width) {
    int done = k.allocateLocal(TypeKind.INT);
    ScalarEmitter scalar = new ScalarEmitter(k, spec, lowered, 1);
    VectorEmitter vector = new VectorEmitter(scalar, lowered.results(), width == 64);
    Label few = k.newLabel();
    Label end = k.newLabel();
    Label some = k.newLabel();
    k.iload(2).ifge(some).return_().labelBinding(some);
    k.iconst_0().istore(done);
    k.iload(2).loadConstant(vector.least()).if_icmplt(few);
    scalar.prologue();
    vector.loop(done, 2);
    k.iload(done).iload(2).if_icmpge(end);
    k.aload(1).iload(done).iload(2).invokestatic(NAME, "rest", REST);
    k.labelBinding(end).aload(1).invokestatic(NAME, "finish", FINISH).return_();
    k.labelBinding(few).aload(1).iload(2).invokestatic(NAME, "all", RUN).return_();
    return vector.step();
  }
}
