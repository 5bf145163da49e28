package org.lathe.hal.text;

import org.lathe.hal.spec.KernelSpec;

/** A name for a kernel by its contents, as the key of a cache of compiled kernels. */
public final class SpecHash {
  private SpecHash() {}

  /** The SHA-256 of the kernel's text, 64 hexadecimal digits. */
  public static String of(KernelSpec spec) {
    return Sha256.hex(KernelText.print(spec));
  }
}
