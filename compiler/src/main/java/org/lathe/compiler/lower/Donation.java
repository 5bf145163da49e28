package org.lathe.compiler.lower;

/** Output {@code output} is stored in the buffer of input {@code input}, whose old value is gone after the run. */
public record Donation(int input, int output) {}
