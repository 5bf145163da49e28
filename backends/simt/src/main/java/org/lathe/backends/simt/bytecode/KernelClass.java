package org.lathe.backends.simt.bytecode;

import java.util.Arrays;
import org.lathe.backends.simt.ir.Kernel;

/**
 * A kernel as a class.
 *
 * @param name the binary name, the same for the same contents
 * @param bytes the class file; not to be changed
 */
public record KernelClass(Kernel kernel, String name, byte[] bytes) {
  @Override
  public boolean equals(Object o) {
    return o instanceof KernelClass k && name.equals(k.name) && Arrays.equals(bytes, k.bytes);
  }

  @Override
  public int hashCode() {
    return name.hashCode();
  }

  /** The methods with their instructions, for people. */
  @Override
  public String toString() {
    return Listing.of(bytes);
  }
}
