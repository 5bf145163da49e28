package org.lathe.backends.cpu;

import static java.lang.constant.ConstantDescs.CD_boolean;
import static java.lang.constant.ConstantDescs.CD_int;
import static org.lathe.backends.cpu.VectorApi.ASSOCIATIVE;
import static org.lathe.backends.cpu.VectorApi.BINARY;
import static org.lathe.backends.cpu.VectorApi.COMPARISON;
import static org.lathe.backends.cpu.VectorApi.CONVERSION;
import static org.lathe.backends.cpu.VectorApi.MASK;
import static org.lathe.backends.cpu.VectorApi.SPECIES;
import static org.lathe.backends.cpu.VectorApi.VECTOR;
import static org.lathe.backends.cpu.VectorApi.element;
import static org.lathe.backends.cpu.VectorApi.narrow;
import static org.lathe.backends.cpu.VectorApi.vector;

import java.lang.classfile.CodeBuilder;
import java.lang.classfile.Label;
import java.lang.classfile.TypeKind;
import java.lang.constant.ClassDesc;
import java.lang.constant.MethodTypeDesc;
import java.util.Arrays;
import java.util.Locale;
import org.lathe.hal.DType;
import org.lathe.hal.expr.Combiner;

/**
 * Emits the vector form of a loop body. All vectors live in locals of one method and are handled by direct calls on the
 * Vector API's own classes: a vector that crosses a call that C2 does not inline is boxed, which costs 16 times as much.
 */
final class VectorEmitter {
  private final ScalarEmitter scalar;
  private final CodeBuilder code;
  private final LoopSpec spec;
  private final Body body;
  private final int[] results;
  private final VectorApi api;
  private final int lanes;
  /** The local with the broadcast of each uniform value, or the value of each other instruction; -1 if none yet. */
  private final int[] local;
  /** Of a mask in a local: whether its lanes are the integer species'. */
  private final boolean[] integerMask;
  private int iota = -1;
  private int position = -1;

  VectorEmitter(ScalarEmitter scalar, int[] results, boolean wide) {
    this.scalar = scalar;
    code = scalar.code;
    spec = scalar.spec;
    body = scalar.body;
    this.results = results;
    api = new VectorApi(code, wide);
    lanes = api.lanes();
    local = new int[body.size()];
    Arrays.fill(local, -1);
    integerMask = new boolean[body.size()];
  }

  /** The lanes' width in bits in which a lowered loop can be vectorised, 0 if it cannot. */
  static int width(LoopSpec spec, Lowering.Lowered lowered) {
    Body body = lowered.body();
    boolean[] uniform = ScalarEmitter.uniform(spec, body);
    boolean narrow = Simd.LANES >= 8;
    boolean wide = Simd.LANES >= 4;
    for (int i = 0; i < body.size(); i++) {
      Body.Ins x = body.at(i);
      if (uniform[i]) {
        continue;
      }
      narrow &= x.kind() != DType.F64 && x.kind() != DType.I64;
      wide &= x.kind() != DType.F32 && x.kind() != DType.I32;
      switch (x.op()) {
        case INPUT -> {
          LoopSpec.Input in = spec.inputs().get((int) x.imm());
          if (in.stride() != 1) {
            return 0;
          }
          wide &= in.dtype().bytes() == 8;
        }
        case CALL -> {
          return 0;
        }
        case SHL, SHR, SAR -> {
          wide &= uniform[x.b()];
        }
        default -> {}
      }
    }
    for (LoopSpec.Output out : spec.outputs()) {
      if (out.fold() == null ? out.stride() != 1 : out.isArg() && wide(out.dtype())) {
        return 0;
      }
      narrow &= !wide(out.dtype());
      wide &= wide(out.dtype());
    }
    return narrow ? 32 : wide ? 64 : 0;
  }

  private static boolean wide(DType type) {
    return type == DType.F64 || type == DType.I64;
  }

  /** Points that one iteration evaluates: folds keep their 32 partial results in registers. */
  int step() {
    return spec.outputs().stream().anyMatch(o -> o.fold() != null) ? LoopSpec.LANES : lanes;
  }

  /** Emits the loop over {@code n} points, whole vectors of them; leaves the first point not done in {@code i}. */
  void loop(int i, int n) {
    int copies = step() / lanes;
    hoist();
    int[][] accumulators = new int[results.length][];
    int[][] positions = new int[results.length][];
    for (int j = 0; j < results.length; j++) {
      loadAccumulators(j, copies, accumulators, positions);
    }
    int bound = code.allocateLocal(TypeKind.INT);
    code.iload(n).loadConstant(step() - 1).isub().istore(bound);
    Label condition = code.newLabel();
    Label start = code.newLabel();
    code.iconst_0().istore(i).goto_(condition).labelBinding(start);
    int[] hoisted = local.clone();
    for (int u = 0; u < copies; u++) {
      points(hoisted, accumulators, positions, u, i, u * lanes);
    }
    code.iload(i).loadConstant(step()).iadd().istore(i);
    code.labelBinding(condition).iload(i).iload(bound).if_icmplt(start);
    // What is left is less than a step: the vectors of it go to the first accumulators, as in a whole step.
    Label done = code.newLabel();
    for (int u = 0; u < copies - 1; u++) {
      code.iload(i).loadConstant(lanes).iadd().iload(n).if_icmpgt(done);
      points(hoisted, accumulators, positions, u, i, 0);
      code.iload(i).loadConstant(lanes).iadd().istore(i);
    }
    code.labelBinding(done);
    for (int j = 0; j < results.length; j++) {
      storeAccumulators(j, accumulators[j], positions[j]);
    }
  }

  /** Points that the vector form needs at least. */
  int least() {
    return lanes;
  }

  /** Emits one vector of points, {@code ahead} of {@code i}, with accumulators {@code u}. */
  private void points(int[] hoisted, int[][] accumulators, int[][] positions, int u, int i, int ahead) {
    System.arraycopy(hoisted, 0, local, 0, local.length);
    position = -1;
    for (int k = 0; k < body.size(); k++) {
      if (!scalar.isUniform(k)) {
        emit(k, i, ahead);
      }
    }
    for (int j = 0; j < results.length; j++) {
      LoopSpec.Output out = spec.outputs().get(j);
      if (out.fold() == null) {
        store(j, out.dtype(), i, ahead);
      } else if (out.isArg()) {
        foldPosition(j, accumulators[j][u], positions[j][u], i, ahead);
      } else {
        code.aload(accumulators[j][u]).aload(local[results[j]]);
        binary(ScalarEmitter.operation(out.fold()), kind(out.dtype()));
        code.astore(accumulators[j][u]);
      }
    }
  }

  private static DType kind(DType memory) {
    return ScalarTypes.kind(memory);
  }

  private void hoist() {
    boolean[] needed = new boolean[body.size()];
    for (int k = 0; k < body.size(); k++) {
      Body.Ins x = body.at(k);
      if (!scalar.isUniform(k)) {
        boolean count = x.op() == Op.SHL || x.op() == Op.SHR || x.op() == Op.SAR;
        need(needed, x.a());
        need(needed, count ? -1 : x.b());
        need(needed, x.c());
        if (count && !scalar.isUniform(x.b())) {
          need(needed, x.b());
        }
        needsIota |= x.op() == Op.INDEX;
      }
    }
    for (int r : results) {
      need(needed, r);
    }
    for (int k = 0; k < body.size(); k++) {
      if (needed[k]) {
        broadcast(k);
      }
    }
    needsIota |= spec.outputs().stream().anyMatch(LoopSpec.Output::isArg);
    if (needsIota) {
      iota = api.local();
      api.species(DType.I32);
      code.loadConstant(0).invokestatic(vector(DType.I32), "broadcast",
          MethodTypeDesc.of(vector(DType.I32), SPECIES, CD_int));
      code.iconst_1().invokevirtual(vector(DType.I32), "addIndex", MethodTypeDesc.of(vector(DType.I32), CD_int));
      code.astore(iota);
    }
  }

  private boolean needsIota;

  private void need(boolean[] needed, int k) {
    if (k >= 0 && scalar.isUniform(k)) {
      needed[k] = true;
    }
  }

  private void broadcast(int k) {
    DType kind = body.kind(k);
    local[k] = api.local();
    if (kind == DType.BOOL) {
      api.species(api.floatKind());
      scalar.push(k);
      code.invokeinterface(SPECIES, "maskAll", MethodTypeDesc.of(MASK, CD_boolean));
    } else {
      api.species(kind);
      scalar.push(k);
      api.broadcast(kind);
    }
    code.astore(local[k]);
  }

  private void loadAccumulators(int j, int copies, int[][] accumulators, int[][] positions) {
    LoopSpec.Output out = spec.outputs().get(j);
    if (out.fold() == null) {
      return;
    }
    DType kind = kind(out.dtype());
    accumulators[j] = new int[copies];
    positions[j] = new int[copies];
    for (int u = 0; u < copies; u++) {
      accumulators[j][u] = out.whole() ? identity(out, kind) : loadLanes(j, kind, (long) u * lanes * kind.bytes());
      if (out.isArg()) {
        positions[j][u] = loadLanes(j, DType.I32, (long) LoopSpec.LANES * kind.bytes() + u * lanes * 4L);
      }
    }
  }

  private int identity(LoopSpec.Output out, DType kind) {
    int at = api.local();
    api.species(kind);
    scalar.pushIdentity(out);
    api.broadcast(kind);
    code.astore(at);
    return at;
  }

  private int loadLanes(int j, DType kind, long offset) {
    int at = api.local();
    api.species(kind);
    api.segment();
    code.lload(scalar.address[spec.outputSlot(j)]).loadConstant(offset).ladd();
    api.order();
    api.fromMemory(vector(kind));
    code.astore(at);
    return at;
  }

  private void storeAccumulators(int j, int[] accumulators, int[] positions) {
    LoopSpec.Output out = spec.outputs().get(j);
    if (out.fold() == null) {
      return;
    }
    DType kind = kind(out.dtype());
    for (int u = 0; u < accumulators.length; u++) {
      storeLanes(accumulators[u], j, kind, (long) u * lanes * kind.bytes());
      if (out.isArg()) {
        storeLanes(positions[u], j, DType.I32, (long) LoopSpec.LANES * kind.bytes() + u * lanes * 4L);
      }
    }
  }

  private void storeLanes(int at, int j, DType kind, long offset) {
    code.aload(at);
    api.segment();
    code.lload(scalar.address[spec.outputSlot(j)]).loadConstant(offset).ladd();
    api.order();
    api.intoMemory(vector(kind));
  }

  private void emit(int k, int i, int ahead) {
    Body.Ins x = body.at(k);
    switch (x.op()) {
      case INPUT -> load(spec.inputs().get((int) x.imm()).dtype(), scalar.address[(int) x.imm()], i, ahead);
      case INDEX -> index(spec.indexSlot((int) x.imm()), spec.indexSteps().get((int) x.imm()), i, ahead);
      case SELECT -> select(x);
      case LT, LE, EQ, NE -> {
        code.aload(local[x.a()]);
        api.operator(x.op().name(), COMPARISON);
        code.aload(local[x.b()]);
        code.invokevirtual(vector(body.kind(x.a())), "compare", MethodTypeDesc.of(MASK, COMPARISON, VECTOR));
        integerMask[k] = body.kind(x.a()) == DType.I32 || body.kind(x.a()) == DType.I64;
      }
      case NOT -> {
        code.aload(local[x.a()]).invokevirtual(MASK, "not", MethodTypeDesc.of(MASK));
        integerMask[k] = integerMask[x.a()];
      }
      case CONVERT -> {
        code.aload(local[x.a()]);
        api.convert(letter(body.kind(x.a())) + "2" + letter(x.kind()), x.kind());
      }
      case BITS -> code.aload(local[x.a()])
          .invokevirtual(vector(DType.F32), "reinterpretAsInts", MethodTypeDesc.of(vector(DType.I32)));
      case FROM_BITS -> code.aload(local[x.a()])
          .invokevirtual(vector(DType.I32), "reinterpretAsFloats", MethodTypeDesc.of(vector(DType.F32)));
      case NEG -> unary("neg", x);
      case ABS -> unary("abs", x);
      case SQRT -> unary("sqrt", x);
      case FMA -> code.aload(local[x.a()]).aload(local[x.b()]).aload(local[x.c()])
          .invokevirtual(vector(x.kind()), "fma", MethodTypeDesc.of(vector(x.kind()), VECTOR, VECTOR));
      case SHL, SHR, SAR -> shift(x);
      default -> {
        if (x.kind() == DType.BOOL) {
          maskLogic(k, x);
        } else {
          code.aload(local[x.a()]).aload(local[x.b()]);
          binary(x.op(), x.kind());
        }
      }
    }
    local[k] = api.local();
    code.astore(local[k]);
  }

  private static String letter(DType kind) {
    return switch (kind) {
      case F32 -> "F";
      case F64 -> "D";
      case I64 -> "L";
      default -> "I";
    };
  }

  private void unary(String method, Body.Ins x) {
    code.aload(local[x.a()]).invokevirtual(vector(x.kind()), method, MethodTypeDesc.of(vector(x.kind())));
  }

  /** Combines two vectors on the stack. */
  private void binary(Op op, DType kind) {
    ClassDesc v = vector(kind);
    switch (op) {
      case ADD, SUB, MUL, DIV, MAX, MIN, AND, OR ->
        code.invokevirtual(v, op.name().toLowerCase(Locale.ROOT), MethodTypeDesc.of(v, VECTOR));
      case XOR -> {
        int second = api.local();
        code.astore(second);
        api.operator("XOR", ASSOCIATIVE);
        code.aload(second).invokevirtual(v, "lanewise", MethodTypeDesc.of(v, BINARY, VECTOR));
      }
      default -> throw new IllegalStateException("no vector form of " + op);
    }
  }

  private void shift(Body.Ins x) {
    ClassDesc v = vector(x.kind());
    code.aload(local[x.a()]);
    api.operator(switch (x.op()) {
      case SHL -> "LSHL";
      case SHR -> "LSHR";
      default -> "ASHR";
    }, BINARY);
    if (scalar.isUniform(x.b())) {
      scalar.push(x.b());
      if (x.kind() == DType.I64 && body.kind(x.b()) == DType.I32) {
        code.i2l();
      }
      code.invokevirtual(v, "lanewise", MethodTypeDesc.of(v, BINARY, element(x.kind())));
    } else {
      code.aload(local[x.b()]).invokevirtual(v, "lanewise", MethodTypeDesc.of(v, BINARY, VECTOR));
    }
  }

  private void maskLogic(int k, Body.Ins x) {
    boolean integer = integerMask[x.a()];
    pushMask(x.a(), integer);
    pushMask(x.b(), integer);
    code.invokevirtual(MASK, x.op().name().toLowerCase(Locale.ROOT), MethodTypeDesc.of(MASK, MASK));
    integerMask[k] = integer;
  }

  /** Pushes a mask of the integer species or of the floating one. */
  private void pushMask(int k, boolean integer) {
    code.aload(local[k]);
    if (integerMask[k] != integer) {
      api.castMask(integer ? api.integerKind() : api.floatKind());
    }
  }

  private void select(Body.Ins x) {
    if (x.kind() == DType.BOOL) {
      boolean integer = false;
      pushMask(x.b(), integer);
      pushMask(x.a(), integer);
      code.invokevirtual(MASK, "and", MethodTypeDesc.of(MASK, MASK));
      pushMask(x.c(), integer);
      pushMask(x.a(), integer);
      code.invokevirtual(MASK, "andNot", MethodTypeDesc.of(MASK, MASK));
      code.invokevirtual(MASK, "or", MethodTypeDesc.of(MASK, MASK));
      return;
    }
    code.aload(local[x.c()]).aload(local[x.b()]);
    pushMask(x.a(), x.kind() == DType.I32 || x.kind() == DType.I64);
    code.invokevirtual(vector(x.kind()), "blend", MethodTypeDesc.of(vector(x.kind()), VECTOR, MASK));
  }

  private void index(int slot, long step, int i, int ahead) {
    ClassDesc v = vector(DType.I32);
    api.species(DType.I32);
    code.aload(scalar.arguments).loadConstant(spec.place(slot)).laload().l2i();
    code.iload(i).loadConstant(ahead).iadd().loadConstant((int) step).imul().iadd();
    code.invokestatic(v, "broadcast", MethodTypeDesc.of(v, SPECIES, CD_int));
    code.aload(iota);
    if (step != 1) {
      code.loadConstant((int) step).invokevirtual(v, "mul", MethodTypeDesc.of(v, CD_int));
    }
    code.invokevirtual(v, "add", MethodTypeDesc.of(v, VECTOR));
  }

  private void load(DType memory, int address, int i, int ahead) {
    DType kind = kind(memory);
    if (memory.bytes() >= 4) {
      api.species(kind);
      elementAddress(memory, address, i, ahead);
      api.fromMemory(vector(kind));
      return;
    }
    api.narrowSpecies(memory);
    elementAddress(memory, address, i, ahead);
    ClassDesc v = narrow(memory);
    api.fromMemory(v);
    api.convert(memory.bytes() == 1 ? "ZERO_EXTEND_B2I" : "ZERO_EXTEND_S2I", DType.I32);
  }

  private void elementAddress(DType memory, int address, int i, int ahead) {
    api.segment();
    code.lload(address).iload(i).i2l().loadConstant((long) memory.bytes()).lmul().ladd();
    if (ahead != 0) {
      code.loadConstant((long) ahead * memory.bytes()).ladd();
    }
    api.order();
  }

  private void store(int j, DType memory, int i, int ahead) {
    code.aload(local[results[j]]);
    ClassDesc v = vector(kind(memory));
    if (memory.bytes() < 4) {
      v = narrow(memory);
      api.operator(memory.bytes() == 1 ? "I2B" : "I2S", CONVERSION);
      api.narrowSpecies(memory);
      code.iconst_0().invokevirtual(VECTOR, "convertShape",
          MethodTypeDesc.of(VECTOR, CONVERSION, SPECIES, CD_int)).checkcast(v);
    }
    elementAddress(memory, scalar.address[spec.outputSlot(j)], i, ahead);
    api.intoMemory(v);
  }

  private void foldPosition(int j, int best, int positions, int i, int ahead) {
    LoopSpec.Output out = spec.outputs().get(j);
    DType kind = kind(out.dtype());
    ClassDesc v = vector(kind);
    int value = local[results[j]];
    int mask = api.local();
    code.aload(value);
    api.operator(out.fold() == Combiner.ARGMAX ? "GT" : "LT", COMPARISON);
    code.aload(best).invokevirtual(v, "compare", MethodTypeDesc.of(MASK, COMPARISON, VECTOR));
    if (kind.isFloating()) {
      // The first NaN replaces a number, and nothing replaces a NaN.
      selfCompare(value, v, "NE");
      selfCompare(best, v, "EQ");
      code.invokevirtual(MASK, "and", MethodTypeDesc.of(MASK, MASK));
      code.invokevirtual(MASK, "or", MethodTypeDesc.of(MASK, MASK));
    }
    code.astore(mask);
    code.aload(best).aload(value).aload(mask)
        .invokevirtual(v, "blend", MethodTypeDesc.of(v, VECTOR, MASK)).astore(best);
    if (position < 0) {
      index(spec.positionSlot(j), spec.positionStep(), i, ahead);
      position = api.local();
      code.astore(position);
    }
    code.aload(positions).aload(position).aload(mask);
    if (kind.isFloating()) {
      api.castMask(DType.I32);
    }
    ClassDesc ints = vector(DType.I32);
    code.invokevirtual(ints, "blend", MethodTypeDesc.of(ints, VECTOR, MASK)).astore(positions);
  }

  private void selfCompare(int value, ClassDesc v, String comparison) {
    code.aload(value);
    api.operator(comparison, COMPARISON);
    code.aload(value).invokevirtual(v, "compare", MethodTypeDesc.of(MASK, COMPARISON, VECTOR));
  }
}
