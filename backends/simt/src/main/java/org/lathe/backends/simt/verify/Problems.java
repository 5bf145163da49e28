package org.lathe.backends.simt.verify;

import java.util.ArrayList;
import java.util.List;
import org.lathe.backends.simt.ir.Kernel;
import org.lathe.backends.simt.ir.KernelPrinter;
import org.lathe.backends.simt.ir.Statement;

/** Collects lines that each name the kernel and the statement. */
final class Problems {
  private final Kernel kernel;
  private final List<String> lines = new ArrayList<>();

  Problems(Kernel kernel) {
    this.kernel = kernel;
  }

  void add(String what) {
    lines.add(kernel.name() + ": " + what);
  }

  void add(String what, Statement statement) {
    add(what + ", in: " + KernelPrinter.line(statement));
  }

  List<String> lines() {
    return List.copyOf(lines);
  }
}
