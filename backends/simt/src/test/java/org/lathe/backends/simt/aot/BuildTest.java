package org.lathe.backends.simt.aot;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lathe.backends.simt.aot.Manifest.BinaryEntry;
import org.lathe.backends.simt.aot.Manifest.FileEntry;
import org.lathe.backends.simt.aot.Manifest.InvalidBuildException;
import org.lathe.hal.DType;
import org.lathe.hal.Dims;
import org.lathe.hal.expr.BinaryOp;
import org.lathe.hal.expr.Expr;
import org.lathe.hal.program.BufferDecl;
import org.lathe.hal.program.Program;
import org.lathe.hal.program.Role;
import org.lathe.hal.program.Slice;
import org.lathe.hal.program.Step;
import org.lathe.hal.spec.View;
import org.lathe.hal.text.ProgramText;

class BuildTest {
  @TempDir
  Path directory;

  /** y = x + number, over n elements. */
  private static Program sum(int n, double number) {
    Expr.Builder e = Expr.builder();
    Expr add = e.build(List.of(e.binary(BinaryOp.ADD, e.input(0, DType.F32), e.constant(DType.F32, number))));
    org.lathe.hal.spec.Map map = new org.lathe.hal.spec.Map(
        Dims.of(n), List.of(View.of(DType.F32, 1)), add, List.of(View.of(DType.F32, 1)));
    return new Program(
        "sum of " + n,
        List.of(new BufferDecl("x", Role.INPUT, 4L * n, null), new BufferDecl("y", Role.OUTPUT, 4L * n, null)),
        List.of(new Step.Dispatch(map, List.of(new Slice(0, 0, 4L * n)), List.of(new Slice(1, 0, 4L * n)), "add")));
  }

  @Test
  void aBuildHoldsWhatItsManifestSays() throws IOException, Json.SyntaxException {
    List<Program> programs = List.of(sum(100, 1), sum(7, 2), sum(100, 1));
    List<Path> written = new Build("sums", programs).write(directory);
    for (Path file : written) {
      assertTrue(Files.isRegularFile(file), file.toString());
    }
    Manifest manifest = Manifest.read(directory);
    assertEquals("sums", manifest.name());
    assertEquals(2, manifest.kernels().size(), "equal kernels are one");
    assertEquals(3, manifest.programs().size());
    for (FileEntry f : manifest.files()) {
      assertEquals(f.bytes(), BuildFiles.read(directory, f).length);
    }
    for (int i = 0; i < 3; i++) {
      String text = Files.readString(directory.resolve(manifest.programs().get(i).file()));
      assertEquals(programs.get(i), ProgramText.parse(text));
    }
    String source = Build.source(directory);
    for (Manifest.KernelEntry k : manifest.kernels()) {
      assertTrue(source.contains("void " + k.name() + "("), source);
      assertEquals(4, k.arguments().size());
      assertTrue(Files.readString(directory.resolve("build-amd.sh")).contains(k.name()));
    }
    assertTrue(source.contains("max_global_work_dim(0)"), source);
    Map<?, ?> report = (Map<?, ?>) Json.parse(Files.readString(directory.resolve("report.json")));
    assertEquals(2, ((List<?>) report.get("kernels")).size());
    assertTrue(Files.readString(directory.resolve("report.txt")).contains("program sum of 100"));
  }

  @Test
  void equalProgramsGiveEqualFiles() throws IOException {
    new Build("sums", List.of(sum(100, 1))).write(directory.resolve("a"));
    new Build("sums", List.of(sum(100, 1))).write(directory.resolve("b"));
    for (FileEntry f : Manifest.read(directory.resolve("a")).files()) {
      assertArrayEquals(
          Files.readAllBytes(directory.resolve("a").resolve(f.path())),
          Files.readAllBytes(directory.resolve("b").resolve(f.path())), f.path());
    }
    assertEquals(Manifest.read(directory.resolve("a")), Manifest.read(directory.resolve("b")));
  }

  @Test
  void binariesStayWhileTheirSourceDoes() throws IOException {
    new Build("sums", List.of(sum(100, 1))).write(directory);
    Manifest first = Manifest.read(directory);
    FileEntry file = BuildFiles.write(directory, "binaries/board.bin", new byte[]{1, 2, 3});
    first.withBinary(new BinaryEntry(file, first.source().sha256(), "p", "d", "1.0")).write(directory);
    new Build("sums", List.of(sum(100, 1))).write(directory);
    assertEquals(1, Manifest.read(directory).binaries().size());
    new Build("sums", List.of(sum(100, 3))).write(directory);
    assertEquals(0, Manifest.read(directory).binaries().size());
  }

  @Test
  void whatIsNoBuildIsNotOverwritten() throws IOException {
    Files.writeString(directory.resolve("thesis.tex"), "years of work");
    InvalidBuildException e = assertThrows(InvalidBuildException.class,
        () -> new Build("sums", List.of(sum(3, 1))).write(directory));
    assertTrue(e.getMessage().contains("no build of Lathe's"), e.getMessage());
    assertEquals(List.of("thesis.tex"), names());
  }

  private List<String> names() throws IOException {
    try (var files = Files.list(directory)) {
      return files.map(f -> f.getFileName().toString()).toList();
    }
  }

  @Test
  void damagedFilesAreFound() throws IOException {
    new Build("sums", List.of(sum(100, 1))).write(directory);
    FileEntry source = Manifest.read(directory).source();
    String text = Files.readString(directory.resolve(source.path()));
    Files.writeString(directory.resolve(source.path()), text.replace("1.0f", "2.0f"));
    assertThrows(InvalidBuildException.class, () -> Build.source(directory));
    Files.writeString(directory.resolve(source.path()), text + " ");
    assertThrows(InvalidBuildException.class, () -> Build.source(directory));
    Files.delete(directory.resolve(source.path()));
    assertThrows(InvalidBuildException.class, () -> Build.source(directory));
    new Build("sums", List.of(sum(100, 1))).write(directory);
    assertEquals(text, Build.source(directory));
    Files.writeString(directory.resolve(Manifest.FILE), "{\"format\": \"lathe build 0\"}");
    assertThrows(InvalidBuildException.class, () -> Manifest.read(directory));
  }
}
