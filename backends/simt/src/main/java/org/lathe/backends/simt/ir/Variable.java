package org.lathe.backends.simt.ir;

/** A register of one work item. Its name is unique within the kernel. */
public record Variable(String name, Type type) {}
