package org.lathe.backends.tornadovm;

import org.jspecify.annotations.Nullable;
import org.lathe.backends.simt.bytecode.KernelClass;
import org.lathe.backends.simt.bytecode.TornadoClass;

/** The loader of one kernel and its task. */
final class GeneratedClasses extends ClassLoader {
  private final TornadoClass.Task task;

  private GeneratedClasses(TornadoClass.Task task, @Nullable ClassLoader parent) {
    super(parent);
    this.task = task;
  }

  /** A new instance of the task's class; {@code parent} knows TornadoVM's API. */
  static Object instance(TornadoClass.Task task, ClassLoader parent) {
    try {
      return new GeneratedClasses(task, parent).loadClass(task.task().name()).getConstructor().newInstance();
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException("the class of kernel " + task.method() + " cannot be used", e);
    }
  }

  @Override
  protected Class<?> findClass(String name) throws ClassNotFoundException {
    for (KernelClass c : new KernelClass[]{task.kernel(), task.task()}) {
      if (c.name().equals(name)) {
        return defineClass(name, c.bytes(), 0, c.bytes().length);
      }
    }
    throw new ClassNotFoundException(name);
  }
}
