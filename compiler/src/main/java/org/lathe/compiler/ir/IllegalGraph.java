package org.lathe.compiler.ir;

/** A graph that breaks a rule of {@link GraphVerifier}: a defect of whatever made it. */
public final class IllegalGraph extends IllegalStateException {
  private static final long serialVersionUID = 1;
  private final String rule;

  IllegalGraph(String rule, String message) {
    super(message);
    this.rule = rule;
  }

  /** The rule that was broken. */
  public String rule() {
    return rule;
  }
}
