package org.lathe.hal.text;

import org.lathe.hal.spec.KernelSpec;

/** Kernels as text: one kernel's part of a {@link ProgramText}. Any thread. */
public final class KernelText {
  private KernelText() {}

  /** The text of {@code spec}: equal kernels have equal texts, unequal ones unequal texts. */
  public static String print(KernelSpec spec) {
    StringBuilder out = new StringBuilder();
    SpecCodec.print(spec, "", out);
    return out.toString();
  }

  /**
   * The kernel whose text this is.
   *
   * @throws TextSyntaxException if it is not a kernel's text, or describes an illegal kernel
   */
  public static KernelSpec parse(String text) {
    Lexer in = new Lexer(text);
    KernelSpec spec = SpecCodec.parse(in);
    if (in.peek().kind() != Lexer.Kind.END) {
      throw in.expected("the end of the text");
    }
    return spec;
  }
}
