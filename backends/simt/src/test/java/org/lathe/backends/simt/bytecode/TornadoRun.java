package org.lathe.backends.simt.bytecode;

import java.lang.classfile.ClassFile;
import java.lang.constant.ClassDesc;
import java.lang.constant.ConstantDescs;
import java.lang.constant.MethodTypeDesc;
import java.lang.foreign.MemorySegment;
import java.lang.reflect.Constructor;
import java.lang.reflect.Method;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import org.lathe.tornado.standin.KernelContext;
import org.lathe.backends.simt.plan.Argument;
import org.lathe.backends.simt.plan.KernelPlan;
import org.lathe.backends.simt.plan.Launch;
import org.lathe.hal.Dims;
import org.lathe.reference.Elements;

/** Runs plans as classes of the TornadoVM dialect in this JVM, with stand-ins for TornadoVM's classes. */
final class TornadoRun {
  private static final String STAND_INS = "org.lathe.tornado.standin.";

  private TornadoRun() {}

  /** Makes the interfaces of tasks as they are asked for, and loads one kernel with its task. */
  private static final class Loader extends ClassLoader {
    private final TornadoClass.Task task;

    Loader(TornadoClass.Task task) {
      super(Loader.class.getClassLoader());
      this.task = task;
    }

    @Override
    protected Class<?> findClass(String name) throws ClassNotFoundException {
      String prefix = STAND_INS + "common.TornadoFunctions$Task";
      byte[] bytes = name.equals(task.kernel().name())
          ? task.kernel().bytes()
          : name.equals(task.task().name())
              ? task.task().bytes()
              : name.startsWith(prefix) ? function(name, Integer.parseInt(name.substring(prefix.length()))) : null;
      if (bytes == null) {
        throw new ClassNotFoundException(name);
      }
      return defineClass(name, bytes, 0, bytes.length);
    }

    private static byte[] function(String name, int arguments) {
      return ClassFile.of().build(ClassDesc.of(name), c -> c
          .withFlags(ClassFile.ACC_PUBLIC | ClassFile.ACC_INTERFACE | ClassFile.ACC_ABSTRACT)
          .withMethod("apply", MethodTypeDesc.of(
              ConstantDescs.CD_void, Collections.nCopies(arguments, ConstantDescs.CD_Object)),
              ClassFile.ACC_PUBLIC | ClassFile.ACC_ABSTRACT, m -> {}));
    }
  }

  /** Runs the plan on the memory itself. */
  static void run(KernelPlan plan, List<Elements> in, List<Elements> out) {
    List<MemorySegment> workspaces = plan.workspaces().stream()
        .map(b -> MemorySegment.ofArray(new byte[Math.toIntExact(b)])).toList();
    for (Launch l : plan.launches()) {
      List<MemorySegment> memory = new ArrayList<>();
      long[] numbers = new long[l.arguments().size() + 1];
      for (int i = 0; i < l.arguments().size(); i++) {
        switch (l.arguments().get(i)) {
          case Argument.Input(int o) -> memory.add(in.get(o).segment());
          case Argument.Output(int o) -> memory.add(out.get(o).segment());
          case Argument.Workspace(int w) -> memory.add(workspaces.get(w));
          case Argument.Number(long v) -> numbers[i] = v;
        }
      }
      launch(l, memory, numbers);
    }
  }

  private static void launch(Launch l, List<MemorySegment> memory, long[] numbers) {
    List<Integer> arenas = AparapiClass.arenas(memory);
    TornadoClass.Task task = TornadoClass.of(l.kernel(), arenas, STAND_INS);
    Object[] arguments = new Object[task.arrays().size() + 2];
    for (int i = 0; i < memory.size(); i++) {
      arguments[1 + arenas.get(i)] = array(task.arrays().get(arenas.get(i)), memory.get(i));
    }
    arguments[arguments.length - 1] = array("LongArray", MemorySegment.ofArray(numbers));
    Method apply;
    Object function;
    try {
      Loader loader = new Loader(task);
      Classes.verify(task.kernel());
      Classes.verify(task.task());
      function = loader.loadClass(task.task().name()).getConstructor().newInstance();
      apply = Arrays.stream(function.getClass().getMethods()).filter(m -> m.getName().equals("apply")).findFirst()
          .orElseThrow();
    } catch (ReflectiveOperationException e) {
      throw new AssertionError(task.kernel().toString(), e);
    }
    Dims local = l.kernel().local();
    int[] size = {(int) local.get(0), (int) local.get(1), (int) local.get(2)};
    KernelContext.Group[] group = {new KernelContext.Group()};
    JvmItems.Item item = (place, barrier) -> {
      Object[] own = arguments.clone();
      own[0] = new KernelContext(size, place.group(), place.local(), barrier, group[0]);
      try {
        apply.invoke(function, own);
      } catch (ReflectiveOperationException e) {
        throw new AssertionError(task.kernel().toString(), e);
      }
    };
    JvmItems.run(
        l.kernel(), l.global(), _ -> group[0] = new KernelContext.Group(),
        Collections.nCopies(l.kernel().groupSize(), item));
  }

  private static Object array(String type, MemorySegment memory) {
    try {
      Constructor<?> c = Class.forName(STAND_INS + "types.arrays." + type).getConstructor(MemorySegment.class);
      return c.newInstance(memory);
    } catch (ReflectiveOperationException e) {
      throw new AssertionError(e);
    }
  }
}
