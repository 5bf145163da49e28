package org.lathe.backends.opencl;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.lathe.backends.simt.plan.Traits;
import org.lathe.hal.spec.KernelSpec;

/**
 * Kernels on oclgrind, a simulator that finds races, reads of what was never written, accesses beyond memory, and barriers
 * that not all work items reach. It tells them only to its log, and the API still says success.
 */
class OclgrindTest {
  @TempDir
  Path directory;

  private ChildJvm.Result run(Class<?> main, Path log, String... arguments) throws Exception {
    Path driver = driver();
    Files.writeString(directory.resolve("oclgrind.icd"), driver + "\n");
    ChildJvm.Result r = new ChildJvm(main)
        .with("OCL_ICD_VENDORS", directory)
        .with("OCLGRIND_DATA_RACES", 1)
        .with("OCLGRIND_UNINITIALIZED", 1)
        .with("OCLGRIND_CHECK_API", 1)
        .with("OCLGRIND_LOG", log)
        .run(arguments);
    assertEquals(0, r.exit(), r::toString);
    assertTrue(r.out().endsWith("ran\n"), r::toString);
    return r;
  }

  private static Path driver() throws IOException {
    Path directory = Path.of("/usr/lib/oclgrind");
    if (Files.isDirectory(directory)) {
      try (Stream<Path> files = Files.list(directory)) {
        Optional<Path> found = files.filter(f -> f.getFileName().toString().endsWith("rt-icd.so")).findFirst();
        if (found.isPresent()) {
          return found.get();
        }
      }
    }
    String why = "oclgrind is not installed; on Debian 'apt-get install oclgrind'";
    if (List.of(System.getProperty("lathe.tests.require", "").split(",")).contains("oclgrind")) {
      Assertions.fail(why);
    }
    return Assumptions.abort(why);
  }

  private static String text(Path log) throws IOException {
    return Files.exists(log) ? Files.readString(log) : "";
  }

  /** Runs all small kernels in the form named by the argument, and checks their results. */
  static final class Main {
    public static void main(String[] args) {
      Traits.Form form = Traits.Form.valueOf(args[0]);
      try (OpenClDevice d = Devices.open(o -> o.with(form))) {
        assertTrue(d.info().name().contains("Oclgrind"), d.info().toString());
        List<KernelSpec> specs = SmallSpecs.all().stream().filter(s -> d.refuses(s).isEmpty()).toList();
        KernelRun.check(d, specs, new Random().nextLong());
        System.out.println("ran");
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void kernelsAreRightHaveNoRacesAndStayInBounds(Traits.Form form) throws Exception {
    Path log = directory.resolve("log");
    run(Main.class, log, form.name());
    assertEquals("", text(log));
  }

  /** One work item too many and memory that nobody wrote: what the log has to show. */
  static final class Faulty {
    public static void main(String[] args) {
      try (OpenClDevice d = Devices.open()) {
        OpenClBuffer a = d.allocator().allocate(12);
        OpenClBuffer b = d.allocator().allocate(12);
        String source = "__kernel void f(__global const int* a, __global int* b) {"
            + " b[get_global_id(0)] = a[get_global_id(0)]; b[0] = get_global_id(0); }";
        try (var program = d.session().context().build(source, "");
            var kernel = program.kernel("f");
            var queue = d.session().context().queue(false)) {
          kernel.set(0, a.memory());
          kernel.set(1, b.memory());
          kernel.over(new long[]{4, 1, 1}, new long[]{4, 1, 1});
          queue.run(kernel);
          queue.finish();
        }
        a.close();
        b.close();
        System.out.println("ran");
      }
    }
  }

  @Test
  void faultsAreFound() throws Exception {
    Path log = directory.resolve("log");
    run(Faulty.class, log);
    String text = text(log);
    for (String fault : List.of("Invalid read", "Invalid write", "Uninitialized value", "race")) {
      assertTrue(text.contains(fault), fault + " is missing in: " + text);
    }
  }
}
