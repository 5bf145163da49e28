package org.lathe.system.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lathe.backends.simt.plan.Traits;
import org.lathe.backends.simt.schedule.Schedules;
import org.lathe.backends.simt.schedule.Tuning;
import org.lathe.backends.simt.tune.TunedDevice;
import org.lathe.backends.simt.tune.TuningStore;
import org.lathe.hal.DType;
import org.lathe.hal.Dims;
import org.lathe.hal.device.Device;
import org.lathe.hal.device.Drivers;
import org.lathe.hal.device.Prepared;
import org.lathe.hal.program.BufferDecl;
import org.lathe.hal.program.Program;
import org.lathe.hal.program.Role;
import org.lathe.hal.program.Slice;
import org.lathe.hal.program.Step;
import org.lathe.hal.spec.Attention;
import org.lathe.hal.spec.View;

/** What {@code tune} finds is told, kept, and used by what is compiled afterwards. */
class TuneTest {
  @TempDir
  private Path directory;

  @BeforeEach
  void thereIsADevice() {
    ChildJvm.needsOpenCl();
  }

  @Test
  void whatIsFoundIsKeptAndUsed() throws Exception {
    ChildJvm.run(Scenario.class, directory);
  }

  static final class Scenario {
    private static Path tunings = Path.of("");

    public static void main(String[] args) throws IOException {
      tunings = Path.of(args[0], "cache", "tunings");
      Cli.run("tune", "bad-model", "--device", "opencl:0").refuses("bad-model");
      Cli.run("tune", "xor", "--device", "opencl:77").refuses("opencl:77");
      assertFalse(Files.exists(tunings));
      Cli.Run run = Cli.run("tune", "xor", "--device", "opencl:0", "--json").succeeds();
      List<Map<String, Object>> found = run.events("kernel");
      Map<String, Object> done = run.events().getLast();
      assertEquals("opencl:0", done.get("device"));
      assertEquals(found.size(), done.get("tuned"));
      assertTrue((int) done.get("kernels") >= found.size() && !found.isEmpty(), run.out());
      long changed = 0;
      for (Map<String, Object> k : found) {
        changed += k.get("before").equals(k.get("after")) ? 0 : 1;
        assertTrue((int) k.get("forms") + ((List<?>) k.get("discarded")).size() > 1, k.toString());
        assertTrue((double) k.get("after_us") > 0 && (double) k.get("before_us") > 0, k.toString());
      }
      assertEquals(changed, ((Number) done.get("changed")).longValue());
      assertEquals(found.size(), entries().size(), "an entry for each kernel in the store");
      compiledAsTuned(found);
      String text = Cli.run("tune", "xor", "--device", "opencl:0").succeeds().out();
      assertTrue(text.contains(done.get("kernels") + " kernels, " + found.size() + " with a choice"), text);
      assertEquals(found.size(), entries().size(), "the same kernels again");
      anyChoiceOfTheStoreIsUsed();
      System.out.println("alive");
    }

    private static Path file() throws IOException {
      try (Stream<Path> files = Files.list(tunings)) {
        return files.reduce((a, b) -> {
          throw new AssertionError("two files for one device: " + a + ", " + b);
        }).orElseThrow();
      }
    }

    private static List<String> entries() throws IOException {
      return Files.readAllLines(file()).stream().skip(3).toList();
    }

    private static void compiledAsTuned(List<Map<String, Object>> found) throws IOException {
      Set<String> after = new HashSet<>();
      Set<Object> labels = new HashSet<>();
      for (Map<String, Object> k : found) {
        labels.add(k.get("label"));
        after.add(k.get("label") + " " + k.get("after"));
      }
      int seen = 0;
      for (Map<String, Object> k : Cli.run("inspect", "xor", "--kernels", "--device", "opencl:0", "--json").succeeds()
          .events("kernel")) {
        if (labels.contains(k.get("label"))) {
          assertTrue(after.contains(k.get("label") + " " + k.get("variant")), k + "\n" + after);
          seen++;
        }
      }
      assertTrue(seen > 0, after.toString());
    }

    /** One after the other each form of a kernel is put into the store, and a device that is opened then takes it. */
    private static void anyChoiceOfTheStoreIsUsed() throws IOException {
      Matcher identity = Pattern.compile("device (.*), driver (.*), form (CPU|GPU)")
          .matcher(Files.readAllLines(file()).get(1));
      assertTrue(identity.matches());
      Traits.Form form = Traits.Form.valueOf(identity.group(3));
      TunedDevice device = new TunedDevice(identity.group(1), "", identity.group(2), form);
      View view = View.dense(DType.F32, Dims.of(1, 1, 40, 16));
      Attention spec = new Attention(
          Attention.Form.FORWARD, 1, 1, 40, 40, 16, 16, false, 0.25, view, view, view, null, view);
      // For these sizes the forms do not depend on more of the device than that.
      List<Tuning> forms = Schedules.candidates(spec, new Traits(form, 2, 16, 1, 256, 32 << 10, 60, true));
      assertTrue(forms.size() > 2);
      Set<String> variants = new HashSet<>();
      for (Tuning t : forms.subList(0, 3)) {
        TuningStore.in(tunings, device).put(spec, t);
        String variant = variant(spec);
        assertTrue(variants.add(variant), variant + " again, for " + t);
      }
    }

    private static String variant(Attention spec) {
      long bytes = 4 * 40 * 16;
      List<BufferDecl> buffers = List.of(
          new BufferDecl("q", Role.INPUT, bytes, null), new BufferDecl("k", Role.INPUT, bytes, null),
          new BufferDecl("v", Role.INPUT, bytes, null), new BufferDecl("o", Role.OUTPUT, bytes, null),
          new BufferDecl("statistics", Role.OUTPUT, 4 * 40, null));
      List<Slice> inputs = Stream.of(0, 1, 2).map(b -> new Slice(b, 0, bytes)).toList();
      List<Slice> outputs = Stream.iterate(0, o -> o + 1).limit(spec.outputs().size())
          .map(o -> new Slice(3 + o, 0, buffers.get(3 + o).bytes())).toList();
      Program program = new Program(
          "attention", buffers.subList(0, 3 + outputs.size()),
          List.of(new Step.Dispatch(spec, inputs, outputs, "attention")));
      try (Device d = Drivers.installed().open("opencl:0"); Prepared p = d.prepare(program)) {
        return p.kernels().getFirst().variant();
      }
    }
  }
}
