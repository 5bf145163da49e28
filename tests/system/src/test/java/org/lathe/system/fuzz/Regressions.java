package org.lathe.system.fuzz;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.lathe.compiler.interp.Oracle;
import org.lathe.compiler.ir.Attributes;
import org.lathe.compiler.ir.Graph;
import org.lathe.compiler.ir.GraphBuilder;
import org.lathe.compiler.ir.GraphHash;
import org.lathe.compiler.ir.GraphText;
import org.lathe.compiler.ir.Literal;
import org.lathe.compiler.ir.Op;
import org.lathe.compiler.ir.Value;
import org.lathe.compiler.op.Ops;
import org.lathe.compiler.op.Sources;
import org.lathe.system.fuzz.RandomGraphs.Case;

/**
 * Graphs that once failed, as files: the graph's text, a line {@code ---}, and a second graph whose constants are the
 * inputs. Lines that begin with {@code #} say what was wrong.
 */
final class Regressions {
  static final Path DIRECTORY = Path.of("src", "test", "resources", "regressions");
  private static final String SEPARATOR = "\n---\n";

  private Regressions() {}

  static List<Path> files() {
    if (!Files.isDirectory(DIRECTORY)) {
      return List.of();
    }
    try (Stream<Path> all = Files.list(DIRECTORY)) {
      return all.filter(p -> p.toString().endsWith(".graph")).sorted().toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static Case read(Path file) {
    try {
      return parse(Files.readString(file));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Writes the case unless its file is there already; gives the file. */
  static Path write(Case c, String problem) {
    try {
      Path file = DIRECTORY.resolve(GraphHash.of(c.graph()).substring(0, 12) + ".graph");
      Files.createDirectories(DIRECTORY);
      if (!Files.exists(file)) {
        Files.writeString(file, print(c, problem));
      }
      return file;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static String print(Case c, String problem) {
    GraphBuilder b = new GraphBuilder("inputs");
    List<Value> constants = new ArrayList<>();
    for (Literal input : c.inputs()) {
      constants.add(b.append(Sources.CONSTANT, List.of(), Attributes.of("value", input)).output());
    }
    return "# " + problem.lines().findFirst().orElse("") + "\n" + GraphText.print(c.graph()) + SEPARATOR.substring(1)
        + GraphText.print(b.build(constants));
  }

  static Case parse(String text) {
    String plain = String.join("\n", text.lines().filter(l -> !l.startsWith("#")).toList());
    int at = plain.indexOf(SEPARATOR);
    if (at < 0) {
      throw new IllegalArgumentException("a regression file holds two graphs with a line --- between them");
    }
    Graph graph = GraphText.parse(plain.substring(0, at), Regressions::op);
    Graph inputs = GraphText.parse(plain.substring(at + SEPARATOR.length()), Regressions::op);
    return new Case(graph, Oracle.run(inputs, List.of()));
  }

  private static @Nullable Op op(String name) {
    return Ops.all().stream().filter(o -> o.name().equals(name)).findFirst().orElse(null);
  }
}
