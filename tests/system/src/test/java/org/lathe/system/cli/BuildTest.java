package org.lathe.system.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lathe.compiler.runtime.Lathe;
import org.lathe.models.data.Dataset;
import org.lathe.models.data.Digits;
import org.lathe.models.train.Batches;
import org.lathe.models.train.BoundStep;
import org.lathe.models.train.Checkpoint;
import org.lathe.models.train.ModelState;
import org.lathe.models.zoo.Zoo;
import org.lathe.models.zoo.model.Blueprint;
import org.lathe.models.zoo.model.ZooModel;

/** A model built ahead of time trains and predicts from its binaries alone; PoCL stands in for the FPGA. */
class BuildTest {
  private static final String FPGA = "opencl-fpga";

  @TempDir
  private Path directory;

  @BeforeEach
  void thereIsADevice() {
    ChildJvm.needsOpenCl();
  }

  @Test
  void aModelRunsFromItsBinaries() throws Exception {
    ChildJvm.run(Scenario.class, directory);
  }

  static final class Scenario {
    private static Path build = Path.of("");
    private static Path binary = Path.of("");
    private static Path checkpoint = Path.of("");

    public static void main(String[] args) throws IOException {
      Path directory = Path.of(args[0]);
      build = directory.resolve("build");
      checkpoint = directory.resolve("latest.safetensors");
      build();
      sourcesRemoved();
      trains();
      predicts();
      refusals();
      predicts();
      System.out.println("alive");
    }

    private static void build() throws IOException {
      Cli.Run run = Cli.run(
          "build", "lenet5", "--device", FPGA, "--compile-with", "opencl:0", "--out", build, "--json").succeeds();
      Map<String, Object> done = run.events().getLast();
      assertEquals("lenet5", done.get("model"));
      assertEquals(run.events("kernel").size(), done.get("kernels"));
      assertEquals(run.events("file").size(), done.get("files"));
      for (Map<String, Object> file : run.events("file")) {
        assertTrue(Files.isRegularFile(Path.of((String) file.get("file"))), file.toString());
      }
      for (Map<String, Object> k : run.events("kernel")) {
        assertTrue(k.keySet().containsAll(List.of("kernel", "cycles", "on_chip_bytes", "loops")), k.toString());
      }
      binary = Path.of((String) run.events("binary").getFirst().get("file"));
      assertEquals(binary.toString(), done.get("binary"));
      assertTrue(Files.size(binary) > 0);
    }

    private static void sourcesRemoved() throws IOException {
      Files.delete(build.resolve("kernels.cl"));
      try (Stream<Path> programs = Files.list(build.resolve("programs"))) {
        for (Path p : programs.toList()) {
          Files.delete(p);
        }
      }
    }

    private static ZooModel model() {
      return Zoo.find("lenet5").orElseThrow();
    }

    /** What three training steps and a prediction of what they were trained on leave, by name; writes the checkpoint. */
    private static Map<String, double[]> trained(String device, Dataset data, boolean write) throws IOException {
      System.setProperty("lathe.fpga.binaries", build.toString());
      Map<String, double[]> found = new LinkedHashMap<>();
      Blueprint plan = model().blueprint(model().batch());
      try (Lathe lathe = Lathe.on(device);
          ModelState state = new ModelState(lathe, 3);
          BoundStep train = BoundStep.bind(plan.training().getFirst(), state);
          BoundStep predict = BoundStep.bind(plan.inference(), state)) {
        Batches batches = new Batches(data, train, 3);
        batches.beginEpoch(0);
        for (int i = 0; i < 3; i++) {
          batches.fill(i);
          train.run();
          found.put("loss of step " + i, new double[]{train.value("loss")});
        }
        new Batches(data, predict, 3).fillInOrder(0);
        predict.run();
        found.put("losses of examples", predict.report("loss").toDoubles());
        train.graph().state().forEach(e -> found.put(e.name(), state.array(e.name()).toDoubles()));
        if (write) {
          new Checkpoint("lenet5", 3, 0, 0, 0, List.of()).write(checkpoint, state);
        }
      }
      return found;
    }

    /** The forms differ, and with them the order of sums. */
    private static void trains() throws IOException {
      Dataset data = Digits.generate(200, 3);
      Map<String, double[]> expected = trained("opencl:0", data, true);
      Map<String, double[]> found = trained(FPGA + ":0", data, false);
      assertEquals(expected.keySet(), found.keySet());
      expected.forEach((name, values) -> {
        double scale = Arrays.stream(values).map(Math::abs).max().orElse(0);
        double[] others = found.get(name);
        for (int i = 0; i < values.length; i++) {
          // Adam divides by the size of the gradient: where that is next to nothing, a rounding error is a whole step.
          double allowed = 1e-3 * Math.max(scale, 1e-2) + (name.startsWith("loss") ? 0 : 6e-3);
          assertEquals(values[i], others[i], allowed, name + " " + i + " of scale " + scale);
        }
      });
    }

    private static void predicts() throws IOException {
      List<Map<String, Object>> expected = Cli.run("run", checkpoint, "--device", "opencl:0", "--json").succeeds()
          .events("prediction");
      List<Map<String, Object>> found = Cli.run("run", checkpoint, "--device", FPGA, "--binaries", build, "--json")
          .succeeds().events("prediction");
      assertEquals(expected.size(), found.size());
      for (int i = 0; i < expected.size(); i++) {
        assertEquals(expected.get(i).get("label"), found.get(i).get("label"));
        assertEquals(
            ((Number) expected.get(i).get("probability")).doubleValue(),
            ((Number) found.get(i).get("probability")).doubleValue(), 1e-4, found.get(i).toString());
      }
    }

    private static void refuses(String reason, String remedy) {
      Cli.Run run = Cli.run("run", checkpoint, "--device", FPGA, "--binaries", build);
      run.refuses(reason);
      run.refuses(remedy);
    }

    /** Binaries missing, cut off, with a bit changed, of another driver, and without the kernel. */
    private static void refusals() throws IOException {
      String again = "./lathe build lenet5 --device opencl-fpga --out " + build;
      byte[] whole = Files.readAllBytes(binary);
      Files.delete(binary);
      refuses(binary + " is missing", again);
      Files.write(binary, Arrays.copyOf(whole, whole.length / 2));
      refuses(binary + " is damaged", again);
      byte[] flipped = whole.clone();
      flipped[whole.length / 3] ^= 4;
      Files.write(binary, flipped);
      refuses(binary + " is damaged", again);
      Files.write(binary, whole);
      Path manifest = build.resolve("manifest.json");
      String text = Files.readString(manifest);
      Files.writeString(manifest, text.replaceAll("\"driver\": \"[^\"]*\"", "\"driver\": \"0.1\""));
      refuses("not for what is here", again);
      Files.writeString(manifest, text.substring(0, text.length() / 2));
      refuses(manifest.toString(), "./lathe build");
      Files.writeString(manifest, text);
      Cli.run("train", "xor", "--epochs", 1, "--device", FPGA, "--binaries", build, "--out",
          build.resolveSibling("xor"))
          .refuses("no binary has kernel");
    }
  }
}
