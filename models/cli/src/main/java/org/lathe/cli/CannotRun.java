package org.lathe.cli;

/** The command cannot do what it was asked: exit code 2. The message is one line: asked, found, what to do. */
final class CannotRun extends RuntimeException {
  private static final long serialVersionUID = 1;

  CannotRun(String message) {
    super(message);
  }
}
