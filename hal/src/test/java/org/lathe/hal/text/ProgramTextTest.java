package org.lathe.hal.text;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.lathe.hal.DType;
import org.lathe.hal.Dims;
import org.lathe.hal.RandomSpecs;
import org.lathe.hal.expr.Expr;
import org.lathe.hal.expr.UnaryOp;
import org.lathe.hal.program.BufferDecl;
import org.lathe.hal.program.Bytes;
import org.lathe.hal.program.Program;
import org.lathe.hal.program.Role;
import org.lathe.hal.program.Slice;
import org.lathe.hal.program.Step;
import org.lathe.hal.spec.KernelSpec;
import org.lathe.hal.spec.Map;
import org.lathe.hal.spec.View;

class ProgramTextTest {
  private static Program small() {
    Expr.Builder b = Expr.builder();
    int x = b.input(0, DType.F32);
    int y = b.unary(UnaryOp.EXP, x);
    Map map = new Map(Dims.of(4, 5),
        List.of(new View(DType.F32, -1, Dims.of(5, 1), new View.Guard(Dims.of(0, 1), Dims.of(4, 5), -0.0))),
        b.build(List.of(y)),
        List.of(View.dense(DType.F32, Dims.of(4, 5))));
    Step exp = new Step.Dispatch(map, List.of(new Slice(0, 0, 80)), List.of(new Slice(1, 0, 80, Dims.of(80))), "exp");
    return new Program("small",
        List.of(new BufferDecl("x", Role.INPUT, 80, null), new BufferDecl("y", Role.OUTPUT, 160, null),
            new BufferDecl("c", Role.CONSTANT, 2, Bytes.of(new byte[]{0, (byte) 0xff}))),
        List.of(new Step.Loop(2, List.of(exp)), new Step.Branch(new Slice(2, 0, 1), List.of(), List.of(exp))));
  }

  @Test
  void theTextIsAsDocumented() {
    assertEquals(
        """
            lathe program 1
            name "small"
            buffers
              #0 input "x" 80
              #1 output "y" 160
              #2 constant "c" 2 0x00ff
            steps
              loop 2 {
                dispatch "exp"
                  Map space=[4,5] inputViews=[f32@-1[5,1] in [0,1]..[4,5] else -0.0] \
            expr={%0 = input.f32 0; %1 = exp.f32 %0; yield %1} outputViews=[f32@0[5,1]]
                  reads #0@0+80
                  writes #1@0+80 step [80]
              }
              branch #2@0+1 {
              } else {
                dispatch "exp"
                  Map space=[4,5] inputViews=[f32@-1[5,1] in [0,1]..[4,5] else -0.0] \
            expr={%0 = input.f32 0; %1 = exp.f32 %0; yield %1} outputViews=[f32@0[5,1]]
                  reads #0@0+80
                  writes #1@0+80 step [80]
              }
            end
            """,
        ProgramText.print(small()));
  }

  @Test
  void everyKindOfKernelComesBackEqual() {
    RandomSpecs random = new RandomSpecs(System.nanoTime());
    Set<Class<?>> seen = new HashSet<>();
    for (Supplier<KernelSpec> kind : random.kinds()) {
      for (int i = 0; i < 100; i++) {
        KernelSpec spec = kind.get();
        String text = KernelText.print(spec);
        KernelSpec back = KernelText.parse(text);
        assertEquals(spec, back, text);
        assertEquals(text, KernelText.print(back));
        assertEquals(SpecHash.of(spec), SpecHash.of(back));
        seen.add(spec.getClass());
      }
    }
    assertEquals(Set.of(KernelSpec.class.getPermittedSubclasses()), seen);
  }

  @Test
  void randomProgramsComeBackEqual() {
    RandomSpecs random = new RandomSpecs(System.nanoTime());
    for (int i = 0; i < 300; i++) {
      Program program = random.program();
      String text = ProgramText.print(program);
      assertEquals(program, ProgramText.parse(text), text);
      assertEquals(program, ProgramText.decode(ProgramText.encode(program)), text);
      assertEquals(program, ProgramText.parse(text.replace("\n", "\r\n   ")), "white space only separates");
    }
  }

  @Test
  void doublesComeBackBitForBit() {
    for (double d : new double[]{0.0, -0.0, Double.NaN, Double.MIN_VALUE, -Double.MAX_VALUE, 1e-5, 1e22, 0.1f,
        Double.NEGATIVE_INFINITY}) {
      Expr.Builder b = Expr.builder();
      Expr e = b.build(List.of(b.constant(DType.F64, d)));
      Map map = new Map(Dims.of(), List.of(), e, List.of(View.of(DType.F64)));
      Map back = (Map) KernelText.parse(KernelText.print(map));
      long bits = ((Expr.Constant) back.expr().nodes().getFirst()).bits();
      assertEquals(Double.doubleToRawLongBits(d), bits, "of " + d);
    }
    assertEquals(Expr.Constant.of(DType.F32, Double.NaN), new Expr.Constant(DType.F32, 0xfff8000000000123L), "one NaN");
  }

  @Test
  void hashesFollowTheContents() {
    Program p = small();
    assertEquals(ProgramHash.of(p), ProgramHash.of(small()));
    assertEquals(64, ProgramHash.of(p).length());
    assertNotEquals(ProgramHash.of(p), ProgramHash.of(new Program("other", p.buffers(), p.steps())));
  }

  @Test
  void failuresSayWhereAndWhat() {
    rejects(t -> t.replace("lathe program 1", "lathe program 2"),
        "line 1, column 15: format version 2 was written by another Lathe, this one reads 1");
    rejects(t -> t.replace("name \"small\"", "name small"),
        "line 2, column 6: expected the program's name in quotes, found 'small'");
    rejects(t -> t.replace("#1 output", "#1 outptu"),
        "line 5, column 6: expected one of input, output, state, constant, scratch, found 'outptu'");
    rejects(t -> t.replace("#1 output", "#4 output"), "line 5, column 3: expected buffer #1");
    rejects(t -> t.replace("0x00ff", "0x00f"), "line 6, column 21: bytes of 3 hexadecimal digits, which is odd");
    rejects(t -> t.replace("2 0x00ff", "2 0x00"),
        "line 6, column 3: buffer 'c': a constant, and nothing else, carries its 2 bytes");
    rejects(t -> t.replace("Map space", "Mop space"),
        "line 10, column 7: expected a kernel, one of Map, Reduce, RowProgram, Contraction, "
            + "Convolution, Pooling, Recurrence, Attention, Gather, Scatter, RandomBits, Sort, TopK, Scan, Copy, found 'Mop'");
    rejects(t -> t.replace("space=", "spice="), "line 10, column 11: expected 'space', found 'spice'");
    rejects(t -> t.replace("space=[4,5]", "space=[4;5]"), "line 10, column 19: expected ',', found ';'");
    rejects(t -> t.replace("space=[4,5]", "space=[4,x5]"), "line 10, column 20: expected a whole number, found 'x5'");
    rejects(t -> t.replace("space=[4,5]", "space=[4]"),
        "line 10, column 7: illegal kernel: a Map's input has 2 strides in a space of rank 1");
    rejects(t -> t.replace("exp.f32 %0", "exq.f32 %0"), "line 10, column 103: no scalar operation is named 'exq'");
    rejects(t -> t.replace("exp.f32 %0", "exp.f33 %0"),
        "line 10, column 103: expected an operation and its type, such as 'add.f32', found 'exp.f33'");
    rejects(t -> t.replace("exp.f32 %0", "exp.f32 %1"), "line 10, column 79: node %1 uses %1, which is not before it");
    rejects(t -> t.replace("%1 = exp", "%2 = exp"), "line 10, column 99: expected node %1, found %2");
    rejects(t -> t.replace("reads #0@0+80", "reads"),
        "line 9, column 5: dispatch 'exp' binds 0 inputs and 1 outputs to a kernel with 1 and 1");
    rejects(t -> t.replace("end\n", ""),
        "line 21, column 1: expected 'dispatch', 'loop', 'branch' or 'end', found the end of the text");
    rejects(t -> t + "more", "line 22, column 1: expected the end of the text, found 'more'");
    rejects(t -> t.replace("dispatch \"exp\"", "dispatch \"exp"),
        "line 9, column 14: the string that begins here does not end on its line");
    rejects(t -> t.replace("dispatch \"exp\"", "dispatch \"e\\xp\""),
        "line 9, column 14: a bad escape in the string that begins here");
    rejects(t -> t.replace("dispatch \"exp\"", "dispatch !"), "line 9, column 14: unexpected character \"!\"");
  }

  private static void rejects(UnaryOperator<String> damage, String message) {
    String text = damage.apply(ProgramText.print(small()));
    TextSyntaxException e = assertThrows(TextSyntaxException.class, () -> ProgramText.parse(text));
    assertEquals(message, e.getMessage());
    assertTrue(message.startsWith("line " + e.line() + ", column " + e.column() + ":"));
  }

  @Test
  void everyTruncationIsAnError() {
    String text = ProgramText.print(small());
    for (int n = 0; n < text.length() - 1; n++) {
      String part = text.substring(0, n);
      assertThrows(TextSyntaxException.class, () -> ProgramText.parse(part), part);
    }
  }

  @Test
  void damagedBytesAreAnError() {
    byte[] bytes = ProgramText.encode(small());
    bytes[bytes.length - 6] ^= 1;
    assertThrows(IllegalArgumentException.class, () -> ProgramText.decode(bytes));
    assertThrows(IllegalArgumentException.class, () -> ProgramText.decode(new byte[]{(byte) 0xff, 0}));
  }

  @Test
  void nestingHasALimit() {
    String deep = "lathe program 1 name \"\" buffers steps " + "loop 1 {".repeat(100000);
    assertTrue(assertThrows(TextSyntaxException.class, () -> ProgramText.parse(deep)).getMessage().contains("64"));
  }
}
