package org.lathe.backends.simt.bytecode;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassHierarchyResolver;
import java.util.List;

/** Loads generated classes after their verification. */
final class Classes extends ClassLoader {
  private static final ClassFile VERIFIER = ClassFile.of(
      ClassFile.ClassHierarchyResolverOption.of(ClassHierarchyResolver.defaultResolver()));

  Classes() {
    super(Classes.class.getClassLoader());
  }

  static void verify(KernelClass k) {
    assertEquals(List.of(), VERIFIER.verify(k.bytes()), k::toString);
  }

  Class<?> define(KernelClass k) {
    verify(k);
    return defineClass(k.name(), k.bytes(), 0, k.bytes().length);
  }

  static Object instance(KernelClass k) {
    try {
      return new Classes().define(k).getConstructor().newInstance();
    } catch (ReflectiveOperationException e) {
      throw new AssertionError(k.toString(), e);
    }
  }
}
