package org.lathe.backends.cpu;

import static java.lang.constant.ConstantDescs.CD_Object;
import static java.lang.constant.ConstantDescs.CD_double;
import static java.lang.constant.ConstantDescs.CD_float;
import static java.lang.constant.ConstantDescs.CD_int;
import static java.lang.constant.ConstantDescs.CD_long;
import static java.lang.constant.ConstantDescs.CD_void;

import java.lang.classfile.ClassFile;
import java.lang.classfile.CodeBuilder;
import java.lang.classfile.Label;
import java.lang.classfile.TypeKind;
import java.lang.constant.ClassDesc;
import java.lang.constant.ConstantDescs;
import java.lang.constant.MethodTypeDesc;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.lang.reflect.AccessFlag;
import java.nio.ByteOrder;
import jdk.incubator.vector.DoubleVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.LongVector;
import jdk.incubator.vector.Vector;
import jdk.incubator.vector.VectorSpecies;
import org.lathe.hal.DType;

/**
 * Writes micro-kernels in bytecode, one class for each shape.
 *
 * <p>Each is a single method that holds the tile in local variables: it reads the tile (or zeros), runs through k, and
 * stores the tile. That form reaches the machine's peak; helpers or larger graphs make the JIT compiler give up inlining
 * and box every vector.
 *
 * <p>What it stores are variables that the loop carries, of which C2 knows the declared type only; which vectors they are it
 * takes from what the process has seen at that store inside the Vector API. Where it had seen two lengths it kept both
 * ways open and boxed sums at each step, 0.8 GB in a training step of an LSTM, in one process of three and for as long as
 * it lived. So this backend has float vectors of the preferred length only; what is shorter goes under masks.
 */
final class VectorMicroKernels {
  private static final ClassDesc SELF = VectorMicroKernels.class.describeConstable().orElseThrow();
  private static final ClassDesc MEMORY = Memory.class.describeConstable().orElseThrow();
  private static final ClassDesc SEGMENT = MemorySegment.class.describeConstable().orElseThrow();
  private static final ClassDesc ORDER = ByteOrder.class.describeConstable().orElseThrow();
  private static final ClassDesc SPECIES = VectorSpecies.class.describeConstable().orElseThrow();
  private static final ClassDesc VECTOR = Vector.class.describeConstable().orElseThrow();

  // Parameters of MicroKernel.run, as local variable slots.
  private static final int K = 1;
  private static final int A = 2;
  private static final int A_OFFSET = 3;
  private static final int A_TABLE = 4;
  private static final int A_ROWS = 5;
  private static final int A_STEPS = 6;
  private static final int B = 7;
  private static final int B_STEP = 9;
  private static final int C = 11;
  private static final int C_ROW = 13;
  private static final int FIRST_FREE = 15;

  private final MicroShape shape;
  private final ClassDesc vector;
  private final ClassDesc scalar;
  private final TypeKind kind;
  private final int vectorBytes;
  // Local variable slots.
  private final int index = FIRST_FREE;
  private final int address = FIRST_FREE + 1;
  private final int broadcast = FIRST_FREE + 3;
  private final int right = FIRST_FREE + 4;
  private final int tile;

  private VectorMicroKernels(MicroShape shape) {
    this.shape = shape;
    Class<?> type = switch (shape.type()) {
      case F32 -> FloatVector.class;
      case F64 -> DoubleVector.class;
      case I32 -> IntVector.class;
      case I64 -> LongVector.class;
      default -> throw new IllegalArgumentException("no micro-kernel of " + shape.type());
    };
    this.vector = type.describeConstable().orElseThrow();
    this.scalar = switch (shape.type()) {
      case F32 -> CD_float;
      case F64 -> CD_double;
      case I32 -> CD_int;
      default -> CD_long;
    };
    this.kind = TypeKind.from(scalar);
    this.vectorBytes = lanes(shape.type()) * shape.type().bytes();
    this.tile = right + shape.vectors();
  }

  /** How many elements of {@code type} a vector holds. */
  static int lanes(DType type) {
    return FloatVector.SPECIES_PREFERRED.vectorByteSize() / type.bytes();
  }

  /** A new class for {@code shape}. */
  static MicroKernel build(MicroShape shape) {
    byte[] bytes = new VectorMicroKernels(shape).write();
    try {
      MethodHandles.Lookup hidden = MethodHandles.lookup().defineHiddenClass(bytes, true);
      return (MicroKernel) hidden.findConstructor(hidden.lookupClass(), MethodType.methodType(void.class)).invoke();
    } catch (Throwable e) {
      throw new IllegalStateException("micro-kernel " + shape + " cannot be loaded", e);
    }
  }

  private byte[] write() {
    return ClassFile.of()
        .build(
            ClassDesc.of(SELF.packageName(),
                "MicroKernel$" + shape.type() + "$" + shape.rows() + "x" + shape.vectors()),
            c -> {
              c.withFlags(AccessFlag.FINAL, AccessFlag.SYNTHETIC);
              c.withInterfaceSymbols(MicroKernel.class.describeConstable().orElseThrow());
              c.withMethodBody(
                  ConstantDescs.INIT_NAME,
                  ConstantDescs.MTD_void,
                  ClassFile.ACC_PUBLIC,
                  b -> b.aload(0).invokespecial(CD_Object, ConstantDescs.INIT_NAME, ConstantDescs.MTD_void).return_());
              c.withMethodBody(
                  "run",
                  MethodTypeDesc.of(
                      CD_void, CD_int, CD_Object, CD_int, CD_int.arrayType(), CD_int, CD_int, CD_long, CD_long, CD_long,
                      CD_long),
                  ClassFile.ACC_PUBLIC,
                  this::run);
            });
  }

  private int accumulator(int row, int v) {
    return tile + row * shape.vectors() + v;
  }

  private int rowOffset(int row) {
    return tile + shape.rows() * shape.vectors() + row;
  }

  private void run(CodeBuilder b) {
    b.aload(A).checkcast(scalar.arrayType()).astore(A);
    if (shape.tabled()) {
      for (int row = 0; row < shape.rows(); row++) {
        b.aload(A_TABLE).iload(A_ROWS).loadConstant(row).iadd().iaload();
        b.iload(A_OFFSET).iadd().istore(rowOffset(row));
      }
    }
    eachRow(b, this::start);
    Label top = b.newLabel();
    Label end = b.newLabel();
    b.iconst_0().istore(index);
    b.labelBinding(top);
    b.iload(index).iload(K).if_icmpge(end);
    multiplyAdd(b);
    b.iinc(index, 1).goto_(top);
    b.labelBinding(end);
    eachRow(b, this::store);
    b.return_();
  }

  private interface TileElement {
    void write(CodeBuilder b, int row, int v);
  }

  /** Writes code for each vector of the tile, with the address of its row in a variable. */
  private void eachRow(CodeBuilder b, TileElement element) {
    b.lload(C).lstore(address);
    for (int row = 0; row < shape.rows(); row++) {
      for (int v = 0; v < shape.vectors(); v++) {
        element.write(b, row, v);
      }
      b.lload(address).lload(C_ROW).ladd().lstore(address);
    }
  }

  private void start(CodeBuilder b, int row, int v) {
    if (shape.accumulate()) {
      load(b, address, v);
    } else {
      species(b);
      b.invokestatic(vector, "zero", MethodTypeDesc.of(vector, SPECIES));
    }
    b.astore(accumulator(row, v));
  }

  private void store(CodeBuilder b, int row, int v) {
    b.aload(accumulator(row, v));
    segmentAt(b, address, v);
    b.invokevirtual(vector, "intoMemorySegment", MethodTypeDesc.of(CD_void, SEGMENT, CD_long, ORDER));
  }

  private void multiplyAdd(CodeBuilder b) {
    if (shape.indirect()) {
      b.lload(B).lload(B_STEP).iload(index).i2l().iconst_3().lshl().ladd();
      b.invokestatic(MEMORY, "getLong", MethodTypeDesc.of(CD_long, CD_long)).ladd().lstore(address);
    }
    for (int v = 0; v < shape.vectors(); v++) {
      load(b, shape.indirect() ? address : B, v);
      b.astore(right + v);
    }
    if (shape.tabled()) {
      b.aload(A_TABLE).iload(A_STEPS).iload(index).iadd().iaload().istore(A_OFFSET);
    }
    for (int row = 0; row < shape.rows(); row++) {
      species(b);
      if (shape.tabled()) {
        b.aload(A).iload(rowOffset(row)).iload(A_OFFSET).iadd().arrayLoad(kind);
      } else {
        b.aload(A).iload(A_OFFSET).loadConstant(row * shape.rowStep()).iadd().arrayLoad(kind);
      }
      b.invokestatic(vector, "broadcast", MethodTypeDesc.of(vector, SPECIES, scalar)).astore(broadcast);
      for (int v = 0; v < shape.vectors(); v++) {
        b.aload(broadcast).aload(right + v);
        if (shape.type().isFloating()) {
          b.aload(accumulator(row, v)).invokevirtual(vector, "fma", MethodTypeDesc.of(vector, VECTOR, VECTOR));
        } else {
          b.invokevirtual(vector, "mul", MethodTypeDesc.of(vector, VECTOR));
          b.aload(accumulator(row, v)).invokevirtual(vector, "add", MethodTypeDesc.of(vector, VECTOR));
        }
        b.astore(accumulator(row, v));
      }
    }
    if (!shape.tabled()) {
      b.iinc(A_OFFSET, shape.kStep());
    }
    if (!shape.indirect()) {
      b.lload(B).lload(B_STEP).ladd().lstore(B);
    }
  }

  private void load(CodeBuilder b, int address, int v) {
    species(b);
    segmentAt(b, address, v);
    b.invokestatic(vector, "fromMemorySegment", MethodTypeDesc.of(vector, SPECIES, SEGMENT, CD_long, ORDER));
  }

  private void segmentAt(CodeBuilder b, int address, int v) {
    b.getstatic(MEMORY, "ALL", SEGMENT);
    b.loadLocal(TypeKind.LONG, address);
    if (v > 0) {
      b.loadConstant((long) v * vectorBytes).ladd();
    }
    b.getstatic(MEMORY, "ORDER", ORDER);
  }

  private void species(CodeBuilder b) {
    b.getstatic(vector, "SPECIES_PREFERRED", SPECIES);
  }
}
