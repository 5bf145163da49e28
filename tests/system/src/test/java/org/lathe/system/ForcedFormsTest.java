package org.lathe.system;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.lathe.compiler.op.OpDef;
import org.lathe.compiler.op.Ops;
import org.lathe.compiler.runtime.Lathe;
import org.lathe.conformance.CheckResult;
import org.lathe.conformance.OpChecks;
import org.lathe.system.cli.ChildJvm;

/** Every form of the CPU's convolutions passes the conformance suite, also for shapes that it is not chosen for. */
class ForcedFormsTest {
  @TempDir
  private Path directory;

  @ParameterizedTest
  @ValueSource(strings = {"direct", "pixels", "winograd"})
  void convolutions(String form) throws Exception {
    ChildJvm.run(Scenario.class, directory, "-Dlathe.cpu.convolution=" + form);
  }

  static final class Scenario {
    public static void main(String[] args) {
      List<String> failed = new ArrayList<>();
      int compared = 0;
      try (Lathe lathe = Lathe.on("cpu")) {
        OpChecks checks = new OpChecks(lathe, List.of());
        for (OpDef op : Ops.all().stream().filter(o -> o.name().startsWith("conv")).toList()) {
          for (OpChecks.Check check : checks.checks(op)) {
            if (check.run() instanceof CheckResult.Compared c) {
              compared++;
              if (!c.passed()) {
                failed.add(check.name() + ": " + c.detail());
              }
            }
          }
        }
      }
      assertTrue(failed.isEmpty(), () -> String.join("\n", failed));
      assertTrue(compared > 50, "compared only " + compared);
      System.out.println("alive");
    }
  }
}
