package org.lathe.models.zoo;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.lathe.compiler.interp.Oracle;
import org.lathe.compiler.ir.Literal;
import org.lathe.compiler.runtime.Array;
import org.lathe.compiler.runtime.BoundCall;
import org.lathe.compiler.runtime.Compiled;
import org.lathe.compiler.runtime.Lathe;
import org.lathe.models.train.TrainingListener;
import org.lathe.models.zoo.model.TrainRequest;
import org.lathe.models.zoo.model.TrainResult;
import org.lathe.models.zoo.model.ZooModel;

class ZooTest {
  private static Lathe lathe;

  @TempDir
  Path directory;

  @BeforeAll
  static void open() {
    lathe = Lathe.on("cpu");
  }

  @AfterAll
  static void close() {
    lathe.close();
  }

  static Stream<ZooModel> models() {
    return Zoo.models().stream();
  }

  @Test
  void namesAreDistinctAndFound() {
    assertEquals(Zoo.names().size(), Zoo.names().stream().distinct().count());
    Zoo.names().forEach(n -> assertEquals(n, Zoo.find(n).orElseThrow().name()));
    assertTrue(Zoo.find("none").isEmpty());
    models().forEach(m -> assertTrue(m.parameters() > 0 && m.flops() >= 0, m.name()));
  }

  @Test
  void everyModelIsOfTheFamilyThatListsIt() {
    for (String family : Zoo.families()) {
      Zoo.family(family).orElseThrow().forEach(m -> assertEquals(family, m.family(), m.name()));
    }
    assertTrue(Zoo.family("none").isEmpty());
  }

  @ParameterizedTest
  @MethodSource("models")
  void gradientsAreThoseOfFiniteDifferences(ZooModel model) {
    ZooModel.GradientReport report = model.checkGradients(5);
    assertFalse(report.results().isEmpty() && report.skipped().isEmpty());
    report.results().forEach(r -> assertTrue(r.passed(), model.name() + ": " + r));
  }

  /** Loose: how near is for {@code verify} to judge. A wrong kernel or a wrong donation is far off. */
  @ParameterizedTest
  @MethodSource("models")
  void stepsOnTheDeviceAreThoseOfTheOracle(ZooModel model) {
    for (ZooModel.Verification v : model.verifications()) {
      List<Literal> expected = Oracle.run(v.graph(), v.inputs());
      List<Array> inputs = new ArrayList<>();
      v.inputs().forEach(i -> inputs.add(lathe.array(i)));
      try (Compiled compiled = lathe.compile(v.graph(), v.donations()); BoundCall call = compiled.bind(inputs)) {
        call.run();
        for (int o = 0; o < expected.size(); o++) {
          double scale = 0;
          double error = 0;
          double[] found = call.output(o).toDoubles();
          for (int i = 0; i < found.length; i++) {
            scale = Math.max(scale, Math.abs(expected.get(o).get(i)));
            double e = Math.abs(expected.get(o).get(i) - found[i]);
            error = Math.max(error, Double.isNaN(e) ? Double.POSITIVE_INFINITY : e);
          }
          assertTrue(error <= 1e-4 * Math.max(scale, 1e-2),
              model.name() + "/" + v.what() + ", output " + o + ": " + error + " of " + scale);
        }
      } finally {
        inputs.forEach(Array::close);
      }
    }
  }

  private TrainRequest request(String data, Path resume) {
    return new TrainRequest(lathe, 1, null, data, directory.resolve("out"), resume, TrainingListener.NONE);
  }

  private static ZooModel xor() {
    return Zoo.find("xor").orElseThrow();
  }

  @Test
  void xorReachesItsBarAndLeavesACheckpoint() throws IOException {
    TrainResult result = xor().train(request(null, null));
    assertTrue(result.passed(), result.toString());
    assertTrue(Files.exists(result.checkpoint()));
    TrainResult again = xor().train(request(null, directory.resolve("out")));
    assertEquals(result.value(), again.value());
  }

  @Test
  void dataThatAModelDoesNotTakeIsNamed() {
    for (ZooModel model : Zoo.models()) {
      IllegalArgumentException e = assertThrows(IllegalArgumentException.class,
          () -> model.train(request("csv:none", null)));
      assertTrue(e.getMessage().contains("csv:none") && e.getMessage().contains(model.name()), e.getMessage());
    }
  }
}
