package org.lathe.tornado.standin;

import java.lang.classfile.ClassFile;
import java.lang.constant.ClassDesc;
import java.lang.constant.ConstantDescs;
import java.lang.constant.MethodTypeDesc;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/** The loader of the stand-ins: makes the functions of 1 to 20 arguments, and the task graph with a method for each. */
public final class StandIns extends ClassLoader {
  /** Their package, with a dot at its end. */
  public static final String PREFIX = StandIns.class.getPackageName() + ".";
  private static final int MOST_ARGUMENTS = 20;
  private static final String FUNCTION = PREFIX + "common.TornadoFunctions$Task";
  private static final String GRAPH = PREFIX + "TaskGraph";
  private static final ClassDesc RECORDING = ClassDesc.of(PREFIX + "RecordedGraph");

  public StandIns() {
    super(StandIns.class.getClassLoader());
  }

  @Override
  protected Class<?> findClass(String name) throws ClassNotFoundException {
    byte[] bytes = name.equals(GRAPH)
        ? graph()
        : name.startsWith(FUNCTION) ? function(name, Integer.parseInt(name.substring(FUNCTION.length()))) : null;
    if (bytes == null) {
      throw new ClassNotFoundException(name);
    }
    return defineClass(name, bytes, 0, bytes.length);
  }

  private static List<ClassDesc> objects(int n) {
    return Collections.nCopies(n, ConstantDescs.CD_Object);
  }

  private static byte[] function(String name, int arguments) {
    return ClassFile.of().build(ClassDesc.of(name), c -> c
        .withFlags(ClassFile.ACC_PUBLIC | ClassFile.ACC_INTERFACE | ClassFile.ACC_ABSTRACT)
        .withMethod(
            "apply", MethodTypeDesc.of(ConstantDescs.CD_void, objects(arguments)),
            ClassFile.ACC_PUBLIC | ClassFile.ACC_ABSTRACT, m -> {}));
  }

  private static byte[] graph() {
    ClassDesc self = ClassDesc.of(GRAPH);
    MethodTypeDesc named = MethodTypeDesc.of(ConstantDescs.CD_void, ConstantDescs.CD_String);
    MethodTypeDesc add = MethodTypeDesc.of(
        RECORDING, ConstantDescs.CD_String, ConstantDescs.CD_Object, ConstantDescs.CD_Object.arrayType());
    return ClassFile.of().build(self, c -> {
      c.withFlags(ClassFile.ACC_PUBLIC | ClassFile.ACC_SUPER).withSuperclass(RECORDING);
      c.withMethodBody(
          ConstantDescs.INIT_NAME, named, ClassFile.ACC_PUBLIC, code -> code.aload(0).aload(1)
              .invokespecial(RECORDING, ConstantDescs.INIT_NAME, named).return_());
      for (int n = 1; n <= MOST_ARGUMENTS; n++) {
        int arguments = n;
        List<ClassDesc> parameters = new ArrayList<>(List.of(ConstantDescs.CD_String, ClassDesc.of(FUNCTION + n)));
        parameters.addAll(objects(n));
        c.withMethodBody("task", MethodTypeDesc.of(RECORDING, parameters), ClassFile.ACC_PUBLIC, code -> {
          code.aload(0).aload(1).aload(2).loadConstant(arguments).anewarray(ConstantDescs.CD_Object);
          for (int i = 0; i < arguments; i++) {
            code.dup().loadConstant(i).aload(3 + i).aastore();
          }
          code.invokevirtual(self, "add", add).areturn();
        });
      }
    });
  }
}
