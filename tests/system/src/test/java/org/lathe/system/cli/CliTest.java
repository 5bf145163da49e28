package org.lathe.system.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.jr.ob.JSON;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What each command prints and returns. */
class CliTest {
  @TempDir
  private static Path directory;

  private static Path trained = Path.of("");

  @BeforeAll
  static void train() throws IOException {
    trained = directory.resolve("xor");
    Cli.Run run = Cli.run("train", "xor", "--seed", 1, "--device", "cpu", "--out", trained, "--json").succeeds();
    Map<String, Object> done = run.events().getLast();
    assertEquals("xor", done.get("model"));
    assertEquals(true, done.get("passed"));
    assertEquals(trained.resolve("best.safetensors").toString(), done.get("checkpoint"));
    assertTrue(Files.exists(trained.resolve("curve.png")));
  }

  @Test
  void devicesNamesTheCpu() throws IOException {
    Cli.Run run = Cli.run("devices", "--json").succeeds();
    assertTrue(run.out().contains("cpu"), run.out());
    run.events();
  }

  @Test
  void modelsListsTheZoo() throws IOException {
    String out = Cli.run("models", "--json").succeeds().out();
    for (String name : List.of("xor", "mlp", "lenet5", "lstm", "transformer-lm", "vae", "wgan-gp")) {
      assertTrue(out.contains("\"" + name + "\""), name);
    }
    Cli.run("models", "--json").events();
  }

  @Test
  void verifyFindsNoDifference() throws IOException {
    Cli.run("verify", "xor", "--devices", "cpu", "--json").succeeds().events();
  }

  @Test
  void benchTimesARow() throws IOException {
    Cli.Run run = Cli
        .run("bench", "xor", "--devices", "cpu", "--seconds", 0.05, "--out", directory.resolve("bench"), "--json")
        .succeeds();
    assertTrue(run.events().size() > 1, run.out());
  }

  @Test
  void benchDrawsARooflineOfEachDevice() throws IOException {
    Path out = directory.resolve("roofline");
    Cli.Run run = Cli.run("bench", "gemm-512", "--devices", "cpu", "--seconds", 0.05, "--out", out, "--json")
        .succeeds();
    assertEquals(3 * 512 * 512 * 4, run.events("row").getFirst().get("moved_bytes"), run.out());
    assertTrue(Files.size(out.resolve("roofline-cpu-0.png")) > 0);
  }

  @Test
  void benchLeavesOutPeaks() throws IOException {
    Path out = directory.resolve("no-peaks");
    Cli.Run run = Cli
        .run("bench", "gemm-512", "--devices", "cpu", "--seconds", 0.05, "--no-peaks", "--out", out, "--json")
        .succeeds();
    assertFalse(run.out().contains("peak_gflops"), run.out());
    assertFalse(Files.exists(out.resolve("roofline-cpu-0.png")));
  }

  @Test
  @SuppressWarnings("unchecked")
  void benchNamesTheDeviceOfEveryKernel() throws IOException {
    List<String> devices = List.of("cpu:0", "null:0");
    Cli.Run run = Cli.run("bench", "xor", "--devices", "cpu,null", "--seconds", 0.05, "--out",
        directory.resolve("placement"), "--json").succeeds();
    List<List<String>> found = run.events("placement").stream().filter(p -> p.get("id").equals("xor-train"))
        .map(
            p -> ((List<Map<String, Object>>) p.get("kernels")).stream().map(k -> k.get("device").toString()).distinct()
                .toList())
        .toList();
    assertEquals(devices.stream().map(List::of).toList(), found, run.out());
  }

  @Test
  void benchSaysWhereTheTimeGoes() throws IOException {
    Path out = directory.resolve("profile");
    Cli.Run run = Cli.run("bench", "xor", "--devices", "cpu", "--seconds", 0.05, "--profile", "--out", out, "--json")
        .succeeds();
    List<Map<String, Object>> kernels = run.events("kernel").stream().filter(k -> k.get("id").equals("xor-train"))
        .toList();
    assertTrue(kernels.stream().anyMatch(k -> k.get("label").toString().contains("matmul+add+sigmoid")), run.out());
    assertEquals(1, kernels.stream().mapToDouble(k -> ((Number) k.get("share")).doubleValue()).sum(), 1e-9);
    assertTrue(kernels.stream().allMatch(k -> ((Number) k.get("us")).doubleValue() > 0), run.out());
    String trace = Files.readString(out.resolve("xor-train-cpu-0.trace.json"));
    assertTrue(JSON.std.mapFrom(trace).containsKey("traceEvents"), trace);
  }

  @Test
  void inspectShowsSourceLines() throws IOException {
    String text = (String) Cli.run("inspect", "lenet5", "--graph", "--device", "cpu", "--json").succeeds()
        .events("graph")
        .getFirst()
        .get("text");
    assertTrue(text.contains("LeNet5.java:"), text);
  }

  @Test
  void inspectShowsPasses() throws IOException {
    assertTrue(
        Cli.run("inspect", "lenet5", "--passes", "--device", "cpu", "--json").succeeds().events("pass").size() > 3);
  }

  @Test
  void inspectShowsAConvolutionWithBiasAndActivationInOneKernel() throws IOException {
    List<Map<String, Object>> kernels = Cli.run("inspect", "lenet5", "--kernels", "--device", "cpu", "--json")
        .succeeds().events("kernel");
    List<String> convolutions = kernels.stream().map(k -> k.get("kernel") + " " + k.get("label"))
        .filter(k -> k.toLowerCase().contains("conv")).toList();
    assertTrue(
        convolutions.stream().anyMatch(k -> k.contains("add") && k.contains("tanh")),
        () -> String.join("\n", convolutions));
    assertTrue(convolutions.stream().anyMatch(k -> k.contains(".java:")), () -> String.join("\n", convolutions));
  }

  /** Neither a device nor binaries are needed: they are what is to be made. */
  @Test
  void inspectShowsPipelines() throws IOException {
    List<Map<String, Object>> kernels = Cli.run("inspect", "lenet5", "--kernels", "--device", "opencl-fpga", "--json")
        .succeeds().events("kernel");
    for (Map<String, Object> k : kernels) {
      String source = (String) k.get("source");
      List<?> pipelines = (List<?>) k.get("pipelines");
      assertTrue(source.contains("LATHE_SINGLE_WORK_ITEM"), source);
      for (Object p : pipelines) {
        Map<?, ?> figures = (Map<?, ?>) p;
        assertTrue(source.contains("void " + figures.get("kernel") + "("), source);
        assertTrue(((Number) figures.get("on_chip_bytes")).longValue() >= 0);
        for (Object loop : (List<?>) figures.get("loops")) {
          assertTrue(((Map<?, ?>) loop).keySet().containsAll(List.of("trips_least", "trips_most", "interval")));
        }
      }
    }
    assertTrue(kernels.stream().anyMatch(k -> k.get("kernel").equals("Convolution")));
    String text = Cli.run("inspect", "xor", "--kernels", "--device", "opencl-fpga").succeeds().out();
    assertTrue(text.lines().anyMatch(l -> l.startsWith("// lathe_contraction_") && l.contains(" on chip ")), text);
    assertTrue(text.lines().anyMatch(l -> l.startsWith("//   loop ") && l.contains(" iterations, one each ")), text);
  }

  @Test
  void runPredictsTheFourCases() throws IOException {
    Cli.Run run = Cli.run("run", trained, "--device", "cpu", "--json").succeeds();
    List<Map<String, Object>> predictions = run.events("prediction");
    assertEquals(4, predictions.size());
    for (Map<String, Object> p : predictions) {
      assertEquals(p.get("label"), p.get("predicted"), p.toString());
    }
    Map<String, Object> done = run.events().getLast();
    assertEquals("xor", done.get("model"));
    assertEquals("cpu:0", done.get("device"));
    assertEquals(trained.resolve("best.safetensors").toString(), done.get("checkpoint"));
  }

  @Test
  void runSaysItInTextToo() {
    String out = Cli.run("run", trained.resolve("latest.safetensors"), "--device", "cpu").succeeds().out();
    assertTrue(out.contains("0 xor 1 = 1: predicted 1"), out);
  }
}
