package org.lathe.backends.simt.bytecode;

import java.lang.classfile.CodeBuilder;
import java.lang.classfile.Label;
import java.lang.classfile.Opcode;
import java.lang.classfile.TypeKind;
import java.lang.classfile.instruction.OperatorInstruction;
import java.lang.constant.ClassDesc;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.lathe.backends.simt.ir.Statement;
import org.lathe.backends.simt.ir.Value;
import org.lathe.backends.simt.ir.Variable;
import org.lathe.hal.DType;
import org.lathe.hal.expr.BinaryOp;

/**
 * Writes one method in the shapes that javac gives it, which is all that the frameworks read back. Beyond that:
 *
 * <ul>
 * <li>Each variable has a slot and a name of its own in the whole method, and an entry in the LocalVariableTable.
 * <li>No value needs a branch: comparisons and choices inside expressions are calls of functions of one {@code if} each.
 * <li>An {@code else} is a second {@code if}. No two statements end at the same place: where a block ends with an {@code
 * if} or a loop, an assignment without effect follows. Aparapi finds the ends by their places.
 * <li>Of {@code >>>}, switch, break, throw and the like there is nothing.
 * </ul>
 */
final class MethodWriter {
  private record Slot(int number, TypeKind kind) {}

  private final String kernel;
  private final CodeBuilder code;
  private final Dialect dialect;
  private final Functions functions;
  private final Map<String, Slot> slots = new HashMap<>();
  private final Label end;
  private int pad = -1;

  private final boolean trusted;

  /** @param trusted whether operands are known to be such that instructions mean what operators say */
  MethodWriter(String kernel, CodeBuilder code, Dialect dialect, Functions functions, boolean trusted) {
    this.kernel = kernel;
    this.trusted = trusted;
    this.code = code;
    this.dialect = dialect;
    this.functions = functions;
    this.end = code.endLabel();
  }

  CodeBuilder code() {
    return code;
  }

  Functions functions() {
    return functions;
  }

  boolean isTrusted() {
    return trusted;
  }

  Unwritable unwritable(String why) {
    return new Unwritable(kernel, why);
  }

  /** Names parameter {@code position} of the method. */
  void parameter(Variable variable, int position) {
    TypeKind kind = Kinds.register(variable.type().dtype());
    int slot = code.parameterSlot(position);
    slots.put(variable.name(), new Slot(slot, kind));
    code.localVariable(slot, variable.name(), kind.upperBound(), code.startLabel(), end);
  }

  /** Stores what is pushed in a new variable. */
  int declare(String name, TypeKind kind, ClassDesc type) {
    int slot = code.allocateLocal(kind);
    code.storeLocal(kind, slot);
    Label known = code.newBoundLabel();
    code.localVariable(slot, "v" + slot + "_" + name, type, known, end);
    return slot;
  }

  private void declare(Variable v) {
    TypeKind kind = Kinds.register(v.type().dtype());
    slots.put(v.name(), new Slot(declare(v.name(), kind, kind.upperBound()), kind));
  }

  private Slot slot(Variable v) {
    Slot slot = slots.get(v.name());
    if (slot == null) {
      throw new IllegalStateException("'" + v.name() + "' is used before it is declared");
    }
    return slot;
  }

  /** A variable for what nobody reads. */
  int pad() {
    return pad;
  }

  /** Declares what {@link #block} needs for itself; first of all. */
  void begin() {
    code.iconst_0();
    pad = declare("pad", TypeKind.INT, TypeKind.INT.upperBound());
  }

  void block(List<Statement> body) {
    for (Statement s : body) {
      statement(s);
    }
  }

  private void inner(List<Statement> body) {
    block(body);
    if (body.getLast() instanceof Statement.If || body.getLast() instanceof Statement.For) {
      code.iconst_0().istore(pad);
    }
  }

  private void statement(Statement statement) {
    switch (statement) {
      case Statement.Declare(Variable v, Value value) -> {
        push(value);
        declare(v);
      }
      case Statement.Assign(Variable v, Value value) -> {
        push(value);
        Slot slot = slot(v);
        code.storeLocal(slot.kind, slot.number);
      }
      case Statement.Store store -> dialect.store(this, store.memory(), store.index(), store.value());
      case Statement.For f -> loop(f);
      case Statement.If f -> choice(f);
      case Statement.Barrier _ -> dialect.barrier(this);
    }
  }

  private void choice(Statement.If f) {
    if (f.otherwise().isEmpty()) {
      Label after = code.newLabel();
      jumpUnless(f.condition(), after);
      inner(f.then());
      code.labelBinding(after);
      return;
    }
    push(f.condition());
    int condition = declare("if", TypeKind.INT, TypeKind.INT.upperBound());
    Label afterThen = code.newLabel();
    Label afterElse = code.newLabel();
    if (!f.then().isEmpty()) {
      code.iload(condition).ifeq(afterThen);
      inner(f.then());
      code.labelBinding(afterThen);
    }
    code.iload(condition).ifne(afterElse);
    inner(f.otherwise());
    code.labelBinding(afterElse);
  }

  /** Jumps if the condition does not hold; with a NaN no comparison but != does. */
  private void jumpUnless(Value condition, Label target) {
    if (!(condition instanceof Value.Binary b) || !b.op().isComparison() || b.a().type().dtype() == DType.BOOL
        || Operators.isUnordered(b, dialect)) {
      push(condition);
      code.ifeq(target);
      return;
    }
    switch (b.a().type().dtype()) {
      case F32, F64 -> {
        push(b.a());
        push(b.b());
        boolean below = b.op() == BinaryOp.LT || b.op() == BinaryOp.LE;
        boolean single = b.a().type().dtype() == DType.F32;
        code.with(OperatorInstruction.of(
            single ? (below ? Opcode.FCMPG : Opcode.FCMPL) : below ? Opcode.DCMPG : Opcode.DCMPL));
        jumpUnlessZeroIs(b.op(), target);
      }
      case I64 -> {
        dialect.pushLongComparison(this, b.a(), b.b());
        jumpUnlessZeroIs(b.op(), target);
      }
      default -> {
        push(b.a());
        push(b.b());
        switch (b.op()) {
          case LT -> code.if_icmpge(target);
          case LE -> code.if_icmpgt(target);
          case GT -> code.if_icmple(target);
          case GE -> code.if_icmplt(target);
          case EQ -> code.if_icmpne(target);
          default -> code.if_icmpeq(target);
        }
      }
    }
  }

  private void jumpUnlessZeroIs(BinaryOp op, Label target) {
    switch (op) {
      case LT -> code.ifge(target);
      case LE -> code.ifgt(target);
      case GT -> code.ifle(target);
      case GE -> code.iflt(target);
      case EQ -> code.ifne(target);
      default -> code.ifeq(target);
    }
  }

  private void loop(Statement.For f) {
    TypeKind kind = Kinds.register(f.counter().type().dtype());
    Value bound = f.to();
    if (!(bound instanceof Value.Constant)) {
      Variable last = new Variable(f.counter().name() + "_end", f.to().type());
      push(f.to());
      declare(last);
      bound = new Value.Read(last);
    }
    push(f.from());
    declare(f.counter());
    Slot counter = slot(f.counter());
    Value read = new Value.Read(f.counter());
    Label top = code.newBoundLabel();
    Label exit = code.newLabel();
    jumpUnless(new Value.Binary(BinaryOp.LT, read, bound, read.type().withDtype(DType.BOOL), true), exit);
    block(f.body());
    code.loadLocal(kind, counter.number);
    if (kind == TypeKind.LONG) {
      code.loadConstant(f.step()).ladd();
    } else {
      code.loadConstant(Math.toIntExact(f.step())).iadd();
    }
    code.storeLocal(kind, counter.number).goto_(top);
    code.labelBinding(exit);
  }

  void push(Value value) {
    switch (value) {
      case Value.Constant c -> pushConstant(c);
      case Value.Id id -> dialect.pushId(this, id);
      case Value.Argument(var p) -> dialect.pushArgument(this, p);
      case Value.Read(Variable v) -> {
        Slot slot = slot(v);
        code.loadLocal(slot.kind, slot.number);
      }
      case Value.Load l -> dialect.pushLoad(this, l.memory(), l.index());
      case Value.Unary u -> new Operators(this, dialect).push(u);
      case Value.Binary b -> new Operators(this, dialect).push(b);
      case Value.MultiplyAdd m -> dialect.pushMultiplyAdd(this, m);
      case Value.Select(Value condition, Value a, Value b) ->
        functions.call(this, functions.select(a.type().dtype()), condition, a, b);
      case Value.Cast c -> new Operators(this, dialect).push(c);
      case Value.Bits b -> dialect.pushBits(this, b);
      case Value.Lanes _,Value.Splat _,Value.Lane _,Value.Join _ ->
        throw new IllegalStateException(value + " in code of scalars");
    }
  }

  /** Pushes an index as an int. */
  void pushIndex(Value index) {
    push(index);
    if (index.type().dtype() == DType.I64) {
      code.l2i();
    }
  }

  private void pushConstant(Value.Constant c) {
    switch (c.type().dtype()) {
      case F32 -> code.loadConstant((float) c.asDouble());
      case F64 -> code.loadConstant(c.asDouble());
      case I64 -> {
        if (c.bits() == Long.MIN_VALUE) {
          code.lconst_1().loadConstant(63).lshl();
        } else {
          code.loadConstant(c.bits());
        }
      }
      case I32 -> {
        if (c.bits() == Integer.MIN_VALUE) {
          code.iconst_1().loadConstant(31).ishl();
        } else {
          code.loadConstant((int) c.bits());
        }
      }
      case U8 -> code.loadConstant((int) c.bits() & 0xff);
      default -> code.loadConstant((int) c.bits());
    }
  }
}
