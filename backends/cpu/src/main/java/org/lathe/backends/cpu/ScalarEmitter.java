package org.lathe.backends.cpu;

import static java.lang.constant.ConstantDescs.CD_boolean;
import static java.lang.constant.ConstantDescs.CD_float;
import static java.lang.constant.ConstantDescs.CD_int;
import static org.lathe.backends.cpu.ScalarTypes.getMemory;
import static org.lathe.backends.cpu.ScalarTypes.partial;
import static org.lathe.backends.cpu.ScalarTypes.primitive;
import static org.lathe.backends.cpu.ScalarTypes.putMemory;
import static org.lathe.backends.cpu.ScalarTypes.signature;
import static org.lathe.backends.cpu.ScalarTypes.typeKind;

import java.lang.classfile.CodeBuilder;
import java.lang.classfile.Label;
import java.lang.classfile.Opcode;
import java.lang.classfile.TypeKind;
import java.lang.constant.ClassDesc;
import java.lang.constant.MethodTypeDesc;
import java.util.Arrays;
import java.util.Objects;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.lathe.hal.DType;
import org.lathe.hal.expr.Combiner;

/** Emits the scalar form of a loop body; the vector form uses it for what is uniform along the line. */
final class ScalarEmitter {
  private static final ClassDesc SCALAR_MATH = desc(ScalarMath.class);
  private static final ClassDesc MATH = desc(Math.class);

  final CodeBuilder code;
  final LoopSpec spec;
  final Body body;
  private final int[] results;
  private final boolean[] uniform;
  /** The local that holds each instruction's value, -1 before it is emitted. */
  private final int[] local;
  /** The locals of the operands' addresses, -1 for slots that need none. */
  final int[] address;
  final int arguments;

  ScalarEmitter(CodeBuilder code, LoopSpec spec, Lowering.Lowered lowered, int arguments) {
    this.code = code;
    this.spec = spec;
    this.arguments = arguments;
    body = lowered.body();
    results = lowered.results();
    uniform = uniform(spec, body);
    local = new int[body.size()];
    Arrays.fill(local, -1);
    address = new int[spec.slots()];
    Arrays.fill(address, -1);
  }

  static ClassDesc desc(Class<?> c) {
    return c.describeConstable().orElseThrow();
  }

  /** Which instructions have one value for the whole line. */
  static boolean[] uniform(LoopSpec spec, Body body) {
    boolean[] u = new boolean[body.size()];
    for (int i = 0; i < u.length; i++) {
      Body.Ins ins = body.at(i);
      u[i] = switch (ins.op()) {
        case CONST -> true;
        case INPUT -> spec.inputs().get((int) ins.imm()).stride() == 0;
        case INDEX -> spec.indexSteps().get((int) ins.imm()) == 0;
        default -> (ins.a() < 0 || u[ins.a()]) && (ins.b() < 0 || u[ins.b()]) && (ins.c() < 0 || u[ins.c()]);
      };
    }
    return u;
  }

  boolean isUniform(int ins) {
    return uniform[ins];
  }

  /** Loads the operands' addresses into locals, and computes what is uniform. */
  void prologue() {
    for (int i = 0; i < body.size(); i++) {
      Body.Ins ins = body.at(i);
      if (ins.op() == Op.INPUT && address[(int) ins.imm()] < 0) {
        loadAddress((int) ins.imm());
      }
    }
    for (int j = 0; j < results.length; j++) {
      loadAddress(spec.outputSlot(j));
    }
    for (int i = 0; i < body.size(); i++) {
      if (uniform[i] && body.at(i).op() != Op.CONST) {
        emit(i, -1);
      }
    }
  }

  private void loadAddress(int slot) {
    address[slot] = code.allocateLocal(TypeKind.LONG);
    argument(slot);
    code.lstore(address[slot]);
  }

  private void argument(int slot) {
    code.aload(arguments).loadConstant(spec.place(slot)).laload();
  }

  /** Sets the lanes of whole folds to the identity. */
  void start() {
    for (int j = 0; j < results.length; j++) {
      if (spec.outputs().get(j).whole()) {
        loadAddress(spec.outputSlot(j));
        DType kind = partial(spec.outputs().get(j).dtype());
        for (int lane = 0; lane < LoopSpec.LANES; lane++) {
          pushLane(j, lane, kind);
          pushIdentity(spec.outputs().get(j));
          putMemory(code, kind);
        }
      }
    }
  }

  void pushIdentity(LoopSpec.Output out) {
    Fold fold = Fold.of(Objects.requireNonNull(out.fold()), out.dtype());
    switch (partial(out.dtype())) {
      case F32 -> code.loadConstant((float) fold.realIdentity());
      case F64 -> code.loadConstant(fold.realIdentity());
      case I64 -> code.loadConstant(fold.wholeIdentity());
      default -> code.loadConstant((int) fold.wholeIdentity());
    }
  }

  /** Joins the lanes of whole folds by halves, and stores their values. */
  void finish() {
    for (int j = 0; j < results.length; j++) {
      LoopSpec.Output out = spec.outputs().get(j);
      if (out.whole() && out.fold() != null) {
        loadAddress(spec.outputSlot(j));
        DType kind = partial(out.dtype());
        code.lload(address[spec.outputSlot(j)]);
        join(j, 0, 1, kind, operation(out.fold()));
        putMemory(code, kind);
      }
    }
  }

  /** Pushes what the lanes {@code lane}, {@code lane + width}, ... come to. */
  private void join(int j, int lane, int width, DType kind, Op op) {
    if (width == LoopSpec.LANES) {
      pushLane(j, lane, kind);
      getMemory(code, kind);
      return;
    }
    join(j, lane, 2 * width, kind, op);
    join(j, lane + width, 2 * width, kind, op);
    combine(op, kind);
  }

  private void pushLane(int j, int lane, DType kind) {
    code.lload(address[spec.outputSlot(j)]).loadConstant((long) lane * kind.bytes()).ladd();
  }

  /** Emits the loop over points {@code from} up to {@code n}, both int locals. */
  void loop(int from, int n) {
    int i = code.allocateLocal(TypeKind.INT);
    Label condition = code.newLabel();
    Label start = code.newLabel();
    code.iload(from).istore(i).goto_(condition).labelBinding(start);
    for (int k = 0; k < body.size(); k++) {
      if (!uniform[k]) {
        emit(k, i);
      }
    }
    for (int j = 0; j < results.length; j++) {
      LoopSpec.Output out = spec.outputs().get(j);
      if (out.fold() == null) {
        pushElementAddress(spec.outputSlot(j), out.dtype(), out.stride(), i);
        push(results[j]);
        putMemory(code, out.dtype());
      } else if (out.isArg()) {
        foldPosition(j, out, i);
      } else {
        fold(j, out.fold(), i);
      }
    }
    code.iinc(i, 1).labelBinding(condition).iload(i).iload(n).if_icmplt(start);
  }

  void push(int ins) {
    Body.Ins x = body.at(ins);
    if (x.op() == Op.CONST) {
      switch (x.kind()) {
        case F32 -> code.loadConstant(Float.intBitsToFloat((int) x.imm()));
        case F64 -> code.loadConstant(Double.longBitsToDouble(x.imm()));
        case I64 -> code.loadConstant(x.imm());
        default -> code.loadConstant((int) x.imm());
      }
    } else {
      code.loadLocal(typeKind(x.kind()), local[ins]);
    }
  }

  private void emit(int at, int i) {
    Body.Ins x = body.at(at);
    DType kind = x.kind();
    switch (x.op()) {
      case CONST -> {
        return;
      }
      case INPUT -> {
        LoopSpec.Input in = spec.inputs().get((int) x.imm());
        pushElementAddress((int) x.imm(), in.dtype(), in.stride(), i);
        getMemory(code, in.dtype());
      }
      case INDEX -> {
        argument(spec.indexSlot((int) x.imm()));
        code.l2i();
        if (i >= 0) {
          code.iload(i);
          scale(spec.indexSteps().get((int) x.imm()));
          code.iadd();
        }
      }
      case SELECT -> {
        Label otherwise = code.newLabel();
        Label end = code.newLabel();
        push(x.a());
        code.ifeq(otherwise);
        push(x.b());
        code.goto_(end).labelBinding(otherwise);
        push(x.c());
        code.labelBinding(end);
      }
      case LT, LE, EQ, NE -> comparison(x);
      case NOT -> {
        push(x.a());
        code.iconst_1().ixor();
      }
      case CONVERT -> {
        push(x.a());
        code.conversion(typeKind(body.kind(x.a())), typeKind(kind));
      }
      case BITS -> {
        push(x.a());
        code.invokestatic(desc(Float.class), "floatToRawIntBits", MethodTypeDesc.of(CD_int, CD_float));
      }
      case FROM_BITS -> {
        push(x.a());
        code.invokestatic(desc(Float.class), "intBitsToFloat", MethodTypeDesc.of(CD_float, CD_int));
      }
      case CALL -> {
        push(x.a());
        if (x.b() >= 0) {
          push(x.b());
        }
        code.invokestatic(SCALAR_MATH, x.name(), signature(kind, x.b() >= 0 ? 2 : 1));
      }
      default -> arithmetic(x);
    }
    local[at] = code.allocateLocal(typeKind(kind));
    code.storeLocal(typeKind(kind), local[at]);
  }

  private void scale(long step) {
    if (step != 1) {
      code.loadConstant((int) step).imul();
    }
  }

  private void arithmetic(Body.Ins x) {
    DType kind = x.kind();
    push(x.a());
    if (x.b() >= 0) {
      push(x.b());
    }
    switch (x.op()) {
      case FMA -> {
        push(x.c());
        code.invokestatic(MATH, "fma", signature(kind, 3));
      }
      case ABS -> code.invokestatic(MATH, "abs", signature(kind, 1));
      case SQRT -> {
        if (kind == DType.F32) {
          code.f2d();
        }
        code.invokestatic(MATH, "sqrt", signature(DType.F64, 1));
        if (kind == DType.F32) {
          code.d2f();
        }
      }
      case SHL, SHR, SAR -> {
        if (body.kind(x.b()) == DType.I64) {
          code.l2i();
        }
        shift(x.op(), kind);
      }
      default -> combine(x.op(), kind);
    }
  }

  private void shift(Op op, DType kind) {
    boolean wide = kind == DType.I64;
    switch (op) {
      case SHL -> {
        var unused = wide ? code.lshl() : code.ishl();
      }
      case SHR -> {
        var unused = wide ? code.lushr() : code.iushr();
      }
      default -> {
        var unused = wide ? code.lshr() : code.ishr();
      }
    }
  }

  /** Combines the operands on the stack. */
  private void combine(Op op, DType kind) {
    switch (op) {
      case MAX -> code.invokestatic(MATH, "max", signature(kind, 2));
      case MIN -> code.invokestatic(MATH, "min", signature(kind, 2));
      case ADD -> pick(kind, code::iadd, code::ladd, code::fadd, code::dadd);
      case SUB -> pick(kind, code::isub, code::lsub, code::fsub, code::dsub);
      case MUL -> pick(kind, code::imul, code::lmul, code::fmul, code::dmul);
      case DIV -> pick(kind, null, null, code::fdiv, code::ddiv);
      case AND -> pick(kind, code::iand, code::land, null, null);
      case OR -> pick(kind, code::ior, code::lor, null, null);
      case XOR -> pick(kind, code::ixor, code::lxor, null, null);
      case NEG -> pick(kind, code::ineg, code::lneg, code::fneg, code::dneg);
      default -> throw new IllegalStateException(op + " of " + kind);
    }
  }

  private void pick(
      DType kind,
      @Nullable Supplier<?> i,
      @Nullable Supplier<?> l,
      @Nullable Supplier<?> f,
      @Nullable Supplier<?> d) {
    Supplier<?> s = switch (kind) {
      case F32 -> f;
      case F64 -> d;
      case I64 -> l;
      default -> i;
    };
    if (s == null) {
      throw new IllegalArgumentException("an operation that " + kind + " does not have");
    }
    s.get();
  }

  private void comparison(Body.Ins x) {
    push(x.a());
    push(x.b());
    Label yes = code.newLabel();
    Label end = code.newLabel();
    boolean ints = typeKind(body.kind(x.a())) == TypeKind.INT;
    // A comparison with NaN leaves 1, which only NE takes.
    switch (body.kind(x.a())) {
      case F32 -> code.fcmpg();
      case F64 -> code.dcmpg();
      case I64 -> code.lcmp();
      default -> {}
    }
    switch (x.op()) {
      case LT -> branch(ints, Opcode.IF_ICMPLT, Opcode.IFLT, yes);
      case LE -> branch(ints, Opcode.IF_ICMPLE, Opcode.IFLE, yes);
      case EQ -> branch(ints, Opcode.IF_ICMPEQ, Opcode.IFEQ, yes);
      default -> branch(ints, Opcode.IF_ICMPNE, Opcode.IFNE, yes);
    }
    code.iconst_0().goto_(end).labelBinding(yes).iconst_1().labelBinding(end);
  }

  private void branch(boolean ints, Opcode two, Opcode one, Label target) {
    code.branch(ints ? two : one, target);
  }

  private void fold(int j, Combiner combiner, int i) {
    DType memory = partial(spec.outputs().get(j).dtype());
    pushLaneAddress(j, 0, memory, i);
    code.dup2();
    getMemory(code, memory);
    push(results[j]);
    combine(operation(combiner), ScalarTypes.kind(memory));
    putMemory(code, memory);
  }

  static Op operation(Combiner combiner) {
    return switch (combiner) {
      case SUM -> Op.ADD;
      case PRODUCT -> Op.MUL;
      case MAX -> Op.MAX;
      case MIN -> Op.MIN;
      default -> throw new IllegalArgumentException(combiner + " is not one operation");
    };
  }

  /** Replaces value and position of a lane where the new value is better, or is the first NaN. */
  private void foldPosition(int j, LoopSpec.Output out, int i) {
    DType memory = partial(out.dtype());
    int best = code.allocateLocal(typeKind(memory));
    pushLaneAddress(j, 0, memory, i);
    getMemory(code, memory);
    code.storeLocal(typeKind(memory), best);
    Label end = code.newLabel();
    push(results[j]);
    code.loadLocal(typeKind(memory), best);
    String better = out.fold() == Combiner.ARGMAX ? "above" : "below";
    code.invokestatic(SCALAR_MATH, better, MethodTypeDesc.of(CD_boolean, primitive(memory), primitive(memory)));
    code.ifeq(end);
    pushLaneAddress(j, 0, memory, i);
    push(results[j]);
    putMemory(code, memory);
    pushLaneAddress(j, LoopSpec.LANES * memory.bytes(), DType.I32, i);
    argument(spec.positionSlot(j));
    code.l2i().iload(i);
    scale(spec.positionStep());
    code.iadd();
    putMemory(code, DType.I32);
    code.labelBinding(end);
  }

  private void pushLaneAddress(int j, int offset, DType memory, int i) {
    code.lload(address[spec.outputSlot(j)]);
    code.iload(i).loadConstant(LoopSpec.LANES - 1).iand().loadConstant(memory.bytes()).imul();
    code.loadConstant(offset).iadd().i2l().ladd();
  }

  /** Pushes the address of point {@code i} of an operand; i = -1 is the first point. */
  private void pushElementAddress(int slot, DType memory, long stride, int i) {
    code.lload(address[slot]);
    long bytes = stride * memory.bytes();
    if (i >= 0 && bytes != 0) {
      code.iload(i).i2l();
      if (bytes != 1) {
        code.loadConstant(bytes).lmul();
      }
      code.ladd();
    }
  }
}
