package org.lathe.system;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.lathe.compiler.ir.Graph;
import org.lathe.compiler.ir.GraphText;
import org.lathe.compiler.ir.TensorType;
import org.lathe.compiler.op.Convolutions;
import org.lathe.compiler.op.Gradients;
import org.lathe.compiler.op.Ops;
import org.lathe.compiler.op.Tensor;
import org.lathe.compiler.runtime.Compilation;
import org.lathe.compiler.runtime.Lathe;
import org.lathe.hal.text.ProgramText;

/**
 * What the compiler makes of a few small functions, word for word: a change that nobody meant shows here first. {@code
 * -Dlathe.golden.update=true} writes the texts anew.
 */
class GoldenTest {
  private static final Path DIRECTORY = Path.of("src", "test", "resources", "golden");
  private static final String LINE = "----\n";

  private record Model(String name, String types, Function<List<Tensor>, List<Tensor>> function) {
    List<TensorType> inputs() {
      return Stream.of(types.split(" ")).map(TensorType::parse).toList();
    }
  }

  private static final List<Model> MODELS = List.of(
      new Model(
          "dense", "f32[4,8] f32[8,3] f32[3]", in -> List.of(in.get(0).matmul(in.get(1)).add(in.get(2)).relu())),
      new Model("softmax", "f32[4,9]", in -> List.of(in.get(0).softmax(1))),
      new Model(
          "convolution", "f32[2,3,8,8] f32[4,3,3,3] f32[4,1,1]",
          in -> List.of(in.get(0).conv2d(in.get(1), Convolutions.Options.of(1, 1)).add(in.get(2)).relu())),
      new Model(
          "step", "f32[16,4] f32[16,3] f32[4,3]",
          in -> {
            Tensor loss = in.get(0).matmul(in.get(2)).sub(in.get(1)).square().mean();
            return List.of(loss, in.get(2).sub(Gradients.gradient(loss, in.get(2)).mul(0.1)));
          }));

  @TestFactory
  Stream<DynamicTest> graphsAndProgramsAreWhatTheyWere() {
    return MODELS.stream().map(m -> DynamicTest.dynamicTest(m.name(), () -> check(m)));
  }

  private static void check(Model model) throws IOException {
    String text;
    try (Lathe lathe = Lathe.on("cpu")) {
      Compilation c = lathe.compile(model.name(), model.function()).compilation(model.inputs());
      text = print(c.traced()) + LINE + print(c.graph()) + LINE
          + ProgramText.print(c.program()).replaceAll(" GoldenTest\\.java:\\d+", "");
    }
    Path file = DIRECTORY.resolve(model.name() + ".txt");
    if (Boolean.getBoolean("lathe.golden.update")) {
      Files.createDirectories(DIRECTORY);
      Files.writeString(file, text);
    }
    assertTrue(Files.exists(file), file + " is missing; write it with -Dlathe.golden.update=true");
    assertEquals(Files.readString(file), text, "if this is meant, run with -Dlathe.golden.update=true");
  }

  /** Without lines, which change with this file. */
  private static String print(Graph graph) {
    return GraphText.print(graph, new GraphText.Style(false, 16));
  }

  @Test
  void goldenGraphsParse() throws IOException {
    for (Model m : MODELS) {
      String[] parts = Files.readString(DIRECTORY.resolve(m.name() + ".txt")).split(LINE);
      for (int i = 0; i < 2; i++) {
        assertEquals(parts[i], print(GraphText.parse(parts[i], Ops::named)));
      }
      assertEquals(parts[2], ProgramText.print(ProgramText.parse(parts[2])));
    }
  }
}
