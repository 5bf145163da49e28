package org.lathe.hal.program;

/** What a buffer of a program is for. */
public enum Role {
  /** Given by the caller, only read. */
  INPUT,
  /** Given by the caller, written; its former contents are not read. */
  OUTPUT,
  /** Given by the caller, read and written: parameters and other state that stays on the device. */
  STATE,
  /** Part of the program, only read. */
  CONSTANT,
  /** Temporary memory of one run, given by the device; holds nothing between runs. */
  SCRATCH;

  /** Whether the caller binds a buffer of this role. */
  public boolean isBound() {
    return this == INPUT || this == OUTPUT || this == STATE;
  }
}
