package org.lathe.hal.text;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.zip.GZIPInputStream;
import java.util.zip.GZIPOutputStream;
import org.lathe.hal.Dims;
import org.lathe.hal.program.BufferDecl;
import org.lathe.hal.program.Bytes;
import org.lathe.hal.program.Program;
import org.lathe.hal.program.Role;
import org.lathe.hal.program.Slice;
import org.lathe.hal.program.Step;
import org.lathe.hal.spec.KernelSpec;

/**
 * Programs as text, and as bytes. Any thread.
 *
 * <pre>
 * lathe program 1
 * name "relu"
 * buffers
 *   #0 input "x" 1280
 *   #1 output "y" 1280
 * steps
 *   dispatch "relu (Model.java:12)"
 *     Map space=[320] inputViews=[f32@0[1]] expr={%0 = input.f32 0; ...; yield %2} outputViews=[f32@0[1]]
 *     reads #0@0+1280
 *     writes #1@0+1280
 *   loop 10 {
 *     ...
 *   }
 *   branch #3@0+1 {
 *     ...
 *   } else {
 *     ...
 *   }
 * end
 * </pre>
 *
 * A slice is {@code #buffer@offset+bytes}, then {@code step [...]} if it moves in loops. The data of a constant follow its
 * size as {@code 0x} and hexadecimal digits. White space only separates. Equal programs have equal texts, and every text
 * parses back to an equal program: numbers are exact, there is one NaN.
 */
public final class ProgramText {
  private static final int VERSION = 1;
  private static final int MAX_DEPTH = 64;

  private ProgramText() {}

  /** The text of {@code program}, lines ended by {@code \n}. */
  public static String print(Program program) {
    StringBuilder out = new StringBuilder("lathe program " + VERSION + "\nname ");
    out.append(Lexer.quote(program.name())).append("\nbuffers\n");
    for (int i = 0; i < program.buffers().size(); i++) {
      BufferDecl b = program.buffers().get(i);
      out.append("  #").append(i).append(' ').append(b.role().name().toLowerCase(Locale.ROOT)).append(' ')
          .append(Lexer.quote(b.name())).append(' ').append(b.bytes());
      if (b.data() != null) {
        out.append(" 0x").append(b.data());
      }
      out.append('\n');
    }
    out.append("steps\n");
    print(program.steps(), "  ", out);
    return out.append("end\n").toString();
  }

  private static void print(List<Step> steps, String indent, StringBuilder out) {
    for (Step step : steps) {
      out.append(indent);
      switch (step) {
        case Step.Dispatch d -> {
          out.append("dispatch ").append(Lexer.quote(d.label())).append('\n').append(indent).append("  ");
          SpecCodec.print(d.spec(), indent + "  ", out);
          out.append('\n').append(indent).append("  reads").append(slices(d.inputs())).append('\n');
          out.append(indent).append("  writes").append(slices(d.outputs())).append('\n');
        }
        case Step.Loop loop -> {
          out.append("loop ").append(loop.trips()).append(" {\n");
          print(loop.body(), indent + "  ", out);
          out.append(indent).append("}\n");
        }
        case Step.Branch branch -> {
          out.append("branch ").append(slice(branch.predicate())).append(" {\n");
          print(branch.then(), indent + "  ", out);
          out.append(indent).append("} else {\n");
          print(branch.otherwise(), indent + "  ", out);
          out.append(indent).append("}\n");
        }
      }
    }
  }

  private static String slices(List<Slice> slices) {
    return slices.stream().map(s -> " " + slice(s)).collect(Collectors.joining(","));
  }

  private static String slice(Slice s) {
    String moves = s.loopSteps().rank() == 0 ? "" : " step " + s.loopSteps();
    return "#" + s.buffer() + "@" + s.offset() + "+" + s.bytes() + moves;
  }

  /**
   * The program whose text this is. Whether the program makes sense as a whole is the business of {@code
   * ProgramVerifier}.
   *
   * @throws TextSyntaxException if it is not a program's text, or holds an illegal kernel
   */
  public static Program parse(String text) {
    Lexer in = new Lexer(text);
    in.expect("lathe");
    in.expect("program");
    Lexer.Token version = in.peek();
    if (in.number("the version of the format") != VERSION) {
      throw Lexer.failure(
          version, "format version " + version.text() + " was written by another Lathe, this one reads " + VERSION,
          null);
    }
    in.expect("name");
    String name = in.string("the program's name in quotes");
    in.expect("buffers");
    List<BufferDecl> buffers = new ArrayList<>();
    while (in.isNext("#")) {
      buffers.add(buffer(buffers.size(), in));
    }
    if (!in.skip("steps")) {
      throw in.expected("a buffer, such as '#" + buffers.size() + " input \"x\" 64', or 'steps'");
    }
    List<Step> steps = steps("end", 0, in);
    if (in.peek().kind() != Lexer.Kind.END) {
      throw in.expected("the end of the text");
    }
    return new Program(name, buffers, steps);
  }

  private static BufferDecl buffer(int number, Lexer in) {
    Lexer.Token at = in.take();
    if (in.number("the number of a buffer") != number) {
      throw Lexer.failure(at, "expected buffer #" + number, null);
    }
    Role role = SpecCodec.constant(Role.class, in);
    String name = in.string("the buffer's name in quotes");
    long bytes = in.number("the buffer's size in bytes");
    Bytes data = null;
    if (role == Role.CONSTANT) {
      Lexer.Token hex = in.peek();
      String digits = in.word("the constant's data, such as 0x00ff");
      if (!digits.startsWith("0x")) {
        throw Lexer.failure(hex, "expected the constant's data, which begin with 0x, found '" + digits + "'", null);
      }
      data = legal(hex, () -> Bytes.parse(digits.substring(2)));
    }
    Bytes contents = data;
    return legal(at, () -> new BufferDecl(name, role, bytes, contents));
  }

  private static List<Step> steps(String end, int depth, Lexer in) {
    if (depth > MAX_DEPTH) {
      throw in.expected("at most " + MAX_DEPTH + " loops and branches around a step");
    }
    List<Step> steps = new ArrayList<>();
    while (!in.skip(end)) {
      Lexer.Token at = in.peek();
      if (in.skip("dispatch")) {
        String label = in.string("the dispatch's label in quotes");
        KernelSpec spec = SpecCodec.parse(in);
        in.expect("reads");
        List<Slice> reads = slices(in);
        in.expect("writes");
        List<Slice> writes = slices(in);
        steps.add(legal(at, () -> new Step.Dispatch(spec, reads, writes, label)));
      } else if (in.skip("loop")) {
        long trips = in.number("how often the loop runs");
        in.expect("{");
        steps.add(new Step.Loop(trips, steps("}", depth + 1, in)));
      } else if (in.skip("branch")) {
        Slice predicate = slice(in);
        in.expect("{");
        List<Step> then = steps("}", depth + 1, in);
        in.expect("else");
        in.expect("{");
        steps.add(new Step.Branch(predicate, then, steps("}", depth + 1, in)));
      } else {
        throw in.expected("'dispatch', 'loop', 'branch' or '" + end + "'");
      }
    }
    return steps;
  }

  private static List<Slice> slices(Lexer in) {
    List<Slice> slices = new ArrayList<>();
    if (in.isNext("#")) {
      do {
        slices.add(slice(in));
      } while (in.skip(","));
    }
    return slices;
  }

  private static Slice slice(Lexer in) {
    in.expect("#");
    int buffer = in.index("the number of a buffer");
    in.expect("@");
    long offset = in.number("an offset in bytes");
    in.expect("+");
    long bytes = in.number("a length in bytes");
    return new Slice(buffer, offset, bytes, in.skip("step") ? SpecCodec.dims(in) : Dims.of());
  }

  private static <T> T legal(Lexer.Token at, Supplier<T> make) {
    try {
      return make.get();
    } catch (IllegalArgumentException e) {
      throw Lexer.failure(at, String.valueOf(e.getMessage()), e);
    }
  }

  /** The text in UTF-8, compressed by gzip. The bytes depend on the JDK's zlib; the text in them does not. */
  public static byte[] encode(Program program) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (GZIPOutputStream gzip = new GZIPOutputStream(bytes)) {
      gzip.write(print(program).getBytes(StandardCharsets.UTF_8));
    } catch (IOException e) {
      throw new UncheckedIOException("cannot write to memory", e);
    }
    return bytes.toByteArray();
  }

  /**
   * The program of {@link #encode}, or of a plain text in UTF-8.
   *
   * @throws IllegalArgumentException if the bytes are damaged; a {@link TextSyntaxException} if the text is not a
   *     program's
   */
  public static Program decode(byte[] bytes) {
    byte[] plain = bytes;
    if (bytes.length >= 2 && bytes[0] == 0x1f && (bytes[1] & 0xff) == 0x8b) {
      try (GZIPInputStream gzip = new GZIPInputStream(new ByteArrayInputStream(bytes))) {
        plain = gzip.readAllBytes();
      } catch (IOException e) {
        throw new IllegalArgumentException("a program's compressed bytes are damaged: " + e.getMessage(), e);
      }
    }
    try {
      return parse(StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(plain)).toString());
    } catch (CharacterCodingException e) {
      throw new IllegalArgumentException("a program's text is not UTF-8: " + e.getMessage(), e);
    }
  }
}
