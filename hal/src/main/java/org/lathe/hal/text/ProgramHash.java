package org.lathe.hal.text;

import org.lathe.hal.program.Program;

/** A name for a program by its contents: equal programs have equal hashes, on every machine. */
public final class ProgramHash {
  private ProgramHash() {}

  /** The SHA-256 of the program's text, 64 hexadecimal digits. */
  public static String of(Program program) {
    return Sha256.hex(ProgramText.print(program));
  }
}
