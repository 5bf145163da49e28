package org.lathe.backends.simt.bytecode;

import java.lang.classfile.Annotation;
import java.lang.classfile.AnnotationElement;
import java.lang.classfile.ClassBuilder;
import java.lang.classfile.ClassFile;
import java.lang.classfile.CodeBuilder;
import java.lang.classfile.TypeKind;
import java.lang.classfile.attribute.RuntimeVisibleAnnotationsAttribute;
import java.lang.constant.ClassDesc;
import java.lang.constant.ConstantDescs;
import java.lang.constant.MethodTypeDesc;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.lathe.backends.simt.ir.Kernel;
import org.lathe.backends.simt.ir.Memory;
import org.lathe.backends.simt.ir.Parameter;
import org.lathe.backends.simt.ir.Statement;

/**
 * Kernels in the dialect of Aparapi 3: subclasses of {@code com.aparapi.Kernel}, or, with the same code, of {@link
 * WorkItem} to be run by a JVM. They implement {@link ArenaKernel}.
 *
 * <p><b>Memory.</b> Aparapi makes an OpenCL buffer of each array in a field, copies whole arrays, and knows nothing of
 * arrays that two fields share. So a class has a field for each <em>distinct</em> array, of bytes, whatever lies in it,
 * and an offset for each parameter. Elements of several bytes are read and written by OpenCL's {@code vload4} and {@code
 * as_float}, for which the class declares methods with Aparapi's own mapping annotation: so one array holds all element
 * types, the half types included, and kernels cost what kernels on {@code float[]} cost (measured on PoCL).
 *
 * <p><b>Limits of Aparapi 3.0.2 that the form follows</b>, each found by reading or running it:
 *
 * <ul>
 * <li>The model of a class is cached by name for the whole process: the name ends with a hash of all that the code
 * depends on.
 * <li>One entry point a class, {@code run}; fields may be read, never written; no array in a local variable but one that
 * the method makes itself, which becomes private memory. Local memory is a field marked {@code @Local}.
 * <li>A {@code >} of longs becomes the sign of their difference, which overflows: such comparisons go through {@code
 * sub_sat}.
 * <li>{@code - -x} is printed as {@code --x}: negation is a difference from -0.
 * <li>Ints wrap in Java and are undefined beyond their range in C: what may wrap is computed in {@code as_uint}.
 * <li>A branch is understood where javac would have put it; conditions joined over several jumps are rebuilt by
 * heuristics, and inverted comparisons of NaN with them: there is one jump to each condition.
 * <li>C functions have no overloads: all methods have names of their own.
 * <li>An array is copied to the device and back if the code shows that it is read or written by array instructions, not
 * by calls: code that never runs does so once for each.
 * </ul>
 */
public final class AparapiClass {
  private static final ClassDesc APARAPI_KERNEL = ClassDesc.of("com.aparapi.Kernel");
  private static final ClassDesc MAPPING = ClassDesc.of("com.aparapi.Kernel$OpenCLMapping");
  private static final ClassDesc LOCAL = ClassDesc.of("com.aparapi.Kernel$Local");
  private static final ClassDesc WORK_ITEM = WorkItem.class.describeConstable().orElseThrow();
  private static final ClassDesc INTRINSICS = Intrinsics.class.describeConstable().orElseThrow();
  private static final ClassDesc ARENA_KERNEL = ArenaKernel.class.describeConstable().orElseThrow();
  private static final String NEVER = "never";
  private static final String ALLOCATE = "allocate";
  private static final MethodTypeDesc BIND = MethodTypeDesc.of(
      ConstantDescs.CD_void, AparapiDialect.BYTES.arrayType(), ConstantDescs.CD_long.arrayType());
  /** The JVM's limit is 65,535; beyond 32 KiB branches need other instructions, which Aparapi does not know. */
  private static final int MOST_CODE = 32_000;

  private final Kernel kernel;
  private final List<Integer> arenas;
  private final boolean forAparapi;
  private final ClassDesc self;
  private final AparapiDialect dialect;
  private final Functions functions;

  private AparapiClass(Kernel kernel, List<Integer> arenas, boolean forAparapi) {
    this.kernel = kernel;
    this.arenas = arenas;
    this.forAparapi = forAparapi;
    this.self = ClassDesc.of(name(kernel, arenas, forAparapi));
    this.dialect = new AparapiDialect(self, forAparapi ? self : INTRINSICS, kernel, arenas);
    this.functions = new Functions(self, kernel.name());
  }

  private static String name(Kernel kernel, List<Integer> arenas, boolean forAparapi) {
    return "org.lathe.generated." + (forAparapi ? "aparapi" : "jvm") + "." + kernel.name() + "_"
        + arenas.stream().map(String::valueOf).collect(Collectors.joining("_"));
  }

  /**
   * The class for Aparapi.
   *
   * @param arenas for each parameter of global memory, in order, the number of the array that it lies in; equal numbers
   *     for one array, counted from 0 by first use
   * @throws Unwritable if the kernel has more code than a method may have
   */
  public static KernelClass forAparapi(Kernel kernel, List<Integer> arenas) {
    return new AparapiClass(kernel, arenas, true).build();
  }

  /** The class of the same code that extends {@link WorkItem}. */
  public static KernelClass forJvm(Kernel kernel, List<Integer> arenas) {
    return new AparapiClass(kernel, arenas, false).build();
  }

  /** Which of the distinct arrays each of these is: the numbers for {@link #forAparapi}. */
  public static List<Integer> arenas(List<?> arrays) {
    List<Object> distinct = new ArrayList<>();
    List<Integer> numbers = new ArrayList<>();
    for (Object a : arrays) {
      int n = 0;
      while (n < distinct.size() && distinct.get(n) != a) {
        n++;
      }
      if (n == distinct.size()) {
        distinct.add(a);
      }
      numbers.add(n);
    }
    return numbers;
  }

  private KernelClass build() {
    List<Statement> body = Scalars.of(kernel.body());
    byte[] bytes;
    try {
      bytes = ClassFile.of().build(self, c -> write(c, body));
    } catch (IllegalArgumentException e) {
      throw new Unwritable(kernel.name(), String.valueOf(e.getMessage()));
    }
    int code = ClassFile.of().parse(bytes).methods().stream().flatMap(m -> m.code().stream())
        .mapToInt(m -> ((java.lang.classfile.attribute.CodeAttribute) m).codeLength()).max().orElse(0);
    if (code > MOST_CODE) {
      throw new Unwritable(kernel.name(), code + " bytes of code, more than the " + MOST_CODE
          + " that Aparapi understands; choose smaller tiles");
    }
    return new KernelClass(kernel, self.packageName() + "." + self.displayName(), bytes);
  }

  private List<Parameter.Global> globals() {
    return kernel.parameters().stream().filter(Parameter.Global.class::isInstance).map(Parameter.Global.class::cast)
        .toList();
  }

  private List<Memory.Local> locals() {
    return kernel.arrays().stream().filter(Memory.Local.class::isInstance).map(Memory.Local.class::cast).toList();
  }

  private void write(ClassBuilder c, List<Statement> body) {
    ClassDesc parent = forAparapi ? APARAPI_KERNEL : WORK_ITEM;
    c.withFlags(ClassFile.ACC_PUBLIC | ClassFile.ACC_SUPER | ClassFile.ACC_FINAL).withSuperclass(parent)
        .withInterfaceSymbols(ARENA_KERNEL);
    for (int a = 0; a < arenaCount(); a++) {
      c.withField(AparapiDialect.arenaField(a), AparapiDialect.BYTES, ClassFile.ACC_PUBLIC);
    }
    for (Parameter p : kernel.parameters()) {
      c.withField(AparapiDialect.numberField(p), AparapiDialect.numberType(p), ClassFile.ACC_PUBLIC);
    }
    c.withField(NEVER, ConstantDescs.CD_int, ClassFile.ACC_PUBLIC);
    for (Memory.Local l : locals()) {
      c.withField(AparapiDialect.localField(l), Kinds.array(l.dtype()), f -> {
        f.withFlags(ClassFile.ACC_PUBLIC);
        if (forAparapi) {
          f.with(RuntimeVisibleAnnotationsAttribute.of(Annotation.of(LOCAL)));
        }
      });
    }
    c.withMethodBody(ConstantDescs.INIT_NAME, ConstantDescs.MTD_void, ClassFile.ACC_PUBLIC, m -> init(m, parent));
    c.withMethodBody(ALLOCATE, ConstantDescs.MTD_void, ClassFile.ACC_PUBLIC, this::allocate);
    c.withMethodBody("bind", BIND, ClassFile.ACC_PUBLIC, this::bind);
    c.withMethodBody("run", ConstantDescs.MTD_void, ClassFile.ACC_PUBLIC, m -> run(m, body));
    functions.write(c, dialect);
    if (forAparapi) {
      dialect.used().forEach(i -> declare(c, i));
    }
  }

  private int arenaCount() {
    return arenas.stream().mapToInt(a -> a + 1).max().orElse(0);
  }

  private void init(CodeBuilder code, ClassDesc parent) {
    code.aload(0).invokespecial(parent, ConstantDescs.INIT_NAME, ConstantDescs.MTD_void)
        .aload(0).invokevirtual(self, ALLOCATE, ConstantDescs.MTD_void).return_();
  }

  private void allocate(CodeBuilder code) {
    for (Memory.Local l : locals()) {
      code.aload(0).loadConstant(Math.toIntExact(Math.max(1, l.elements()))).newarray(Kinds.element(l.dtype()))
          .putfield(self, AparapiDialect.localField(l), Kinds.array(l.dtype()));
    }
    code.return_();
  }

  private void bind(CodeBuilder code) {
    for (int a = 0; a < arenaCount(); a++) {
      code.aload(0).aload(1).loadConstant(a).aaload().putfield(self, AparapiDialect.arenaField(a),
          AparapiDialect.BYTES);
    }
    for (int i = 0; i < kernel.parameters().size(); i++) {
      Parameter p = kernel.parameters().get(i);
      code.aload(0).aload(2).loadConstant(i).laload();
      if (AparapiDialect.numberType(p) == ConstantDescs.CD_int) {
        code.l2i();
      }
      code.putfield(self, AparapiDialect.numberField(p), AparapiDialect.numberType(p));
    }
    code.return_();
  }

  private void run(CodeBuilder code, List<Statement> body) {
    code.localVariable(0, "this", self, code.startLabel(), code.endLabel());
    MethodWriter m = new MethodWriter(kernel.name(), code, dialect, functions, false);
    m.begin();
    for (Memory a : kernel.arrays()) {
      if (a instanceof Memory.Private p) {
        dialect.declare(m, p);
      }
    }
    m.block(body);
    showUses(m);
    code.return_();
  }

  /** Array instructions for Aparapi to see, where {@link #NEVER} is always 0. */
  private void showUses(MethodWriter m) {
    CodeBuilder code = m.code();
    List<Parameter.Global> globals = globals();
    Set<Integer> written = new LinkedHashSet<>();
    Set<Integer> all = new LinkedHashSet<>(arenas);
    for (int i = 0; i < globals.size(); i++) {
      if (globals.get(i).access() != Parameter.Access.READ) {
        written.add(arenas.get(i));
      }
    }
    for (int a : all) {
      var after = code.newLabel();
      code.aload(0).getfield(self, NEVER, ConstantDescs.CD_int).ifeq(after);
      if (written.contains(a)) {
        code.aload(0).getfield(self, AparapiDialect.arenaField(a), AparapiDialect.BYTES).iconst_0().iconst_0()
            .bastore();
      } else {
        code.aload(0).getfield(self, AparapiDialect.arenaField(a), AparapiDialect.BYTES).iconst_0().baload()
            .istore(m.pad());
      }
      code.labelBinding(after);
    }
  }

  /** A method for Aparapi to put the intrinsic in the place of. Its body is never run. */
  private void declare(ClassBuilder c, Intrinsic i) {
    c.withMethod(i.method(), i.type(), ClassFile.ACC_PUBLIC | ClassFile.ACC_STATIC, method -> method
        .with(RuntimeVisibleAnnotationsAttribute.of(
            Annotation.of(MAPPING, AnnotationElement.ofString("mapTo", i.cl()))))
        .withCode(code -> {
          for (int p = 0; p < i.type().parameterCount(); p++) {
            code.localVariable(
                code.parameterSlot(p), "a" + p, i.type().parameterType(p), code.startLabel(), code.endLabel());
          }
          TypeKind result = TypeKind.from(i.type().returnType());
          switch (result) {
            case VOID -> {}
            case FLOAT -> code.fconst_0();
            case DOUBLE -> code.dconst_0();
            case LONG -> code.lconst_0();
            default -> code.iconst_0();
          }
          code.return_(result);
        }));
  }
}
