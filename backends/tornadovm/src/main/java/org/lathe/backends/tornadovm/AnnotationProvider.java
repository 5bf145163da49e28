package org.lathe.backends.tornadovm;

import java.lang.classfile.ClassFile;
import java.lang.constant.ClassDesc;
import java.lang.constant.ConstantDescs;
import java.lang.constant.MethodTypeDesc;
import java.lang.invoke.MethodHandles;

/**
 * TornadoVM looks for its annotations in the class files of kernels, by a class that a system property names, and finds no
 * files of generated classes. A class in its place answers for them that they have none, and asks the one before for all
 * others.
 */
final class AnnotationProvider {
  private static final String PROPERTY = "tornado.load.annotation.implementation";
  private static final String NAME = AnnotationProvider.class.getPackageName() + ".GeneratedAnnotationProvider";
  private static final ClassDesc METHOD = ClassDesc.of("jdk.vm.ci.meta.ResolvedJavaMethod");
  private static final ClassDesc ANNOTATION = ClassDesc
      .of("uk.ac.manchester.tornado.runtime.common.ParallelAnnotationProvider");
  private static final ClassDesc PROVIDER = ClassDesc.of("uk.ac.manchester.tornado.runtime.ASMClassVisitorProvider");
  private static final String KERNELS = "lathe_";

  private AnnotationProvider() {}

  /** Before TornadoVM compiles its first kernel. */
  static void install() throws ReflectiveOperationException {
    String before = System.getProperty(PROPERTY);
    if (before == null || before.equals(NAME)) {
      return;
    }
    Module runtime = Class.forName(PROVIDER.packageName() + "." + PROVIDER.displayName()).getModule();
    Module own = AnnotationProvider.class.getModule();
    own.addReads(runtime);
    own.addExports(AnnotationProvider.class.getPackageName(), runtime);
    MethodHandles.lookup().defineClass(bytes(before));
    System.setProperty(PROPERTY, NAME);
  }

  private static byte[] bytes(String before) {
    MethodTypeDesc query = MethodTypeDesc.of(ANNOTATION.arrayType(), METHOD);
    ClassDesc constructor = ClassDesc.of("java.lang.reflect.Constructor");
    return ClassFile.of().build(ClassDesc.of(NAME), c -> {
      c.withFlags(ClassFile.ACC_PUBLIC | ClassFile.ACC_FINAL).withInterfaceSymbols(PROVIDER);
      c.withMethodBody(
          ConstantDescs.INIT_NAME, ConstantDescs.MTD_void, ClassFile.ACC_PUBLIC, code -> code.aload(0)
              .invokespecial(ConstantDescs.CD_Object, ConstantDescs.INIT_NAME, ConstantDescs.MTD_void).return_());
      // A method prints as HotSpotMethod<class.method(types)>, where both names of ours begin alike.
      c.withMethodBody("getParallelAnnotations", query, ClassFile.ACC_PUBLIC, code -> code.aload(1)
          .invokevirtual(ConstantDescs.CD_Object, "toString", MethodTypeDesc.of(ConstantDescs.CD_String))
          .loadConstant(KERNELS)
          .invokevirtual(
              ConstantDescs.CD_String, "contains",
              MethodTypeDesc.of(ConstantDescs.CD_boolean, ClassDesc.of("java.lang.CharSequence")))
          .ifThen(ours -> ours.iconst_0().anewarray(ANNOTATION).areturn())
          .loadConstant(before)
          .invokestatic(
              ConstantDescs.CD_Class, "forName", MethodTypeDesc.of(ConstantDescs.CD_Class, ConstantDescs.CD_String))
          .iconst_0().anewarray(ConstantDescs.CD_Class)
          .invokevirtual(
              ConstantDescs.CD_Class, "getConstructor",
              MethodTypeDesc.of(constructor, ConstantDescs.CD_Class.arrayType()))
          .iconst_0().anewarray(ConstantDescs.CD_Object)
          .invokevirtual(
              constructor, "newInstance",
              MethodTypeDesc.of(ConstantDescs.CD_Object, ConstantDescs.CD_Object.arrayType()))
          .checkcast(PROVIDER).aload(1).invokeinterface(PROVIDER, "getParallelAnnotations", query).areturn());
    });
  }
}
