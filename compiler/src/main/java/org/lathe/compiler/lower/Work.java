package org.lathe.compiler.lower;

import java.util.List;
import org.lathe.hal.spec.KernelSpec;

/** A program's steps before memory is placed. */
sealed interface Work {
  record Run(KernelSpec spec, List<Region> inputs, List<Region> outputs, String label) implements Work {
    public Run {
      inputs = List.copyOf(inputs);
      outputs = List.copyOf(outputs);
    }
  }

  record Repeat(long trips, List<Work> body) implements Work {
    public Repeat {
      body = List.copyOf(body);
    }
  }

  record Choose(Region predicate, List<Work> then, List<Work> otherwise) implements Work {
    public Choose {
      then = List.copyOf(then);
      otherwise = List.copyOf(otherwise);
    }
  }
}
