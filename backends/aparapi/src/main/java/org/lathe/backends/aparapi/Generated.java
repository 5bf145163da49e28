package org.lathe.backends.aparapi;

import java.io.ByteArrayInputStream;
import java.io.InputStream;
import org.jspecify.annotations.Nullable;
import org.lathe.backends.simt.bytecode.KernelClass;

/** The loader of one generated class. Aparapi asks for the class file as a resource, and falls back if there is none. */
final class Generated extends ClassLoader {
  private final KernelClass kernel;

  private Generated(KernelClass kernel, ClassLoader parent) {
    super(parent);
    this.kernel = kernel;
  }

  /** A new instance of the class; {@code parent} knows Aparapi and Lathe. */
  static Object instance(KernelClass kernel, ClassLoader parent) {
    try {
      Generated loader = new Generated(kernel, parent);
      return loader.defineClass(kernel.name(), kernel.bytes(), 0, kernel.bytes().length).getConstructor()
          .newInstance();
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException("the class of kernel " + kernel.kernel().name() + " cannot be used", e);
    }
  }

  @Override
  public @Nullable InputStream getResourceAsStream(String name) {
    return name.equals(kernel.name().replace('.', '/') + ".class")
        ? new ByteArrayInputStream(kernel.bytes())
        : super.getResourceAsStream(name);
  }
}
