package org.lathe.hal.validate;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.lathe.hal.DType;
import org.lathe.hal.Dims;
import org.lathe.hal.expr.BinaryOp;
import org.lathe.hal.expr.Expr;
import org.lathe.hal.program.BufferDecl;
import org.lathe.hal.program.Bytes;
import org.lathe.hal.program.Program;
import org.lathe.hal.program.Role;
import org.lathe.hal.program.Slice;
import org.lathe.hal.program.Step;
import org.lathe.hal.spec.Copy;
import org.lathe.hal.spec.KernelSpec;
import org.lathe.hal.spec.Map;
import org.lathe.hal.spec.View;

class ProgramVerifierTest {
  private static final BufferDecl X = new BufferDecl("x", Role.INPUT, 1024, null);
  private static final BufferDecl Y = new BufferDecl("y", Role.OUTPUT, 1024, null);
  private static final BufferDecl STATE = new BufferDecl("w", Role.STATE, 1024, null);
  private static final BufferDecl CONSTANT = new BufferDecl("c", Role.CONSTANT, 1, Bytes.of(new byte[1]));
  private static final BufferDecl SCRATCH = new BufferDecl("t", Role.SCRATCH, 1024, null);
  private static final List<BufferDecl> BUFFERS = List.of(X, Y, STATE, CONSTANT, SCRATCH);
  private static final int T = 4;

  static Step copy(Slice from, Slice to) {
    return new Step.Dispatch(new Copy(from.bytes()), List.of(from), List.of(to), "copy");
  }

  static Step run(KernelSpec spec, List<Slice> in, List<Slice> out) {
    return new Step.Dispatch(spec, in, out, "map");
  }

  private static Slice at(int buffer, long offset, long bytes, long... steps) {
    return new Slice(buffer, offset, bytes, Dims.of(steps));
  }

  /** A sum of two f32 vectors of 32 elements, with these strides. */
  private static Map add(long a, long b, long out) {
    Expr.Builder e = Expr.builder();
    Expr sum = e.build(List.of(e.binary(BinaryOp.ADD, e.input(0, DType.F32), e.input(1, DType.F32))));
    return new Map(Dims.of(32), List.of(View.of(DType.F32, a), View.of(DType.F32, b)), sum,
        List.of(View.of(DType.F32, out)));
  }

  private static List<String> verify(Step... steps) {
    return ProgramVerifier.verify(new Program("p", BUFFERS, List.of(steps)));
  }

  private static void finds(String problem, Step... steps) {
    assertEquals(List.of(problem), verify(steps));
  }

  private static final Step FINISH = copy(at(0, 0, 1024), at(1, 0, 1024));

  @Test
  void aGoodProgramHasNoProblems() {
    assertEquals(List.of(), verify(
        new Step.Loop(4, List.of(copy(at(0, 0, 256, 256), at(T, 0, 256, 256)))),
        run(add(1, 1, 1), List.of(at(T, 128, 128), at(2, 0, 128)), List.of(at(T, 128, 128))),
        new Step.Branch(at(3, 0, 1), List.of(copy(at(T, 0, 1024), at(1, 0, 1024))), List.of(FINISH))));
  }

  @Test
  void slicesLieInTheirBuffers() {
    finds("step 0 'copy' (Copy): input 0 is in buffer #5 of 5", copy(at(5, 0, 4), at(1, 0, 4)), FINISH);
    finds("step 0 'copy' (Copy): input 0 covers bytes 896..1152 of input #0 'x' of 1024 bytes",
        copy(at(0, 896, 256), at(1, 0, 256)), FINISH);
    finds("step 0 'copy' (Copy): input 0 covers bytes -128..128 of input #0 'x' of 1024 bytes",
        copy(at(0, -128, 256), at(1, 0, 256)), FINISH);
    finds("step 0.0 'copy' (Copy): input 0 covers bytes 0..1280 of input #0 'x' of 1024 bytes",
        new Step.Loop(5, List.of(copy(at(0, 0, 256, 256), at(T, 0, 256)))), FINISH);
    finds("step 0.0 'copy' (Copy): input 0 covers bytes -64..448 of input #0 'x' of 1024 bytes",
        new Step.Loop(9, List.of(copy(at(0, 448 - 256, 256, -32), at(T, 0, 256)))), FINISH);
    finds("step 0.0 'copy' (Copy): input 0 of input #0 'x' moves beyond 2^63 bytes",
        new Step.Loop(3, List.of(copy(at(0, 0, 256, Long.MAX_VALUE), at(T, 0, 256)))), FINISH);
    assertEquals(List.of(), verify(new Step.Loop(0, List.of(copy(at(0, 0, 256, 4096), at(T, 0, 256)))), FINISH));
  }

  @Test
  void slicesHoldWhatTheKernelNeeds() {
    finds("step 0 'map' (Map): input 1 has 64 bytes, but the kernel needs 128",
        run(add(1, 1, 1), List.of(at(0, 0, 128), at(0, 0, 64)), List.of(at(1, 0, 128))), FINISH);
    finds("step 0 'map' (Map): output 0 has 128 bytes, but the kernel needs 252",
        run(add(1, 1, 2), List.of(at(0, 0, 128), at(0, 0, 128)), List.of(at(1, 0, 128))), FINISH);
  }

  @Test
  void slicesAreAligned() {
    finds("step 0 'copy' (Copy): input 0 is at byte 64, which is not a multiple of 128",
        copy(at(0, 64, 4), at(1, 0, 4)), FINISH);
    assertEquals(List.of(), verify(
        new Step.Loop(3, List.of(run(add(1, 1, 1), List.of(at(0, 4, 128, 12), at(0, 0, 128)), List.of(at(1, 0, 128))))),
        FINISH));
    finds("step 0.0 'map' (Map): input 0 is at byte 2, which is not a multiple of 4",
        new Step.Loop(3, List.of(run(add(1, 1, 1), List.of(at(0, 2, 128, 12), at(0, 0, 128)), List.of(at(1, 0, 128))))),
        FINISH);
    finds("step 0.0 'map' (Map): input 0 moves by 6 bytes, which splits elements of 4",
        new Step.Loop(3, List.of(run(add(1, 1, 1), List.of(at(0, 0, 128, 6), at(0, 0, 128)), List.of(at(1, 0, 128))))),
        FINISH);
    finds("step 0 'copy' (Copy): input 0 moves with loop 0 of 0", copy(at(0, 0, 4, 4), at(1, 0, 4)), FINISH);
  }

  @Test
  void inputsAndConstantsAreOnlyRead() {
    finds("step 0 'copy' (Copy): output 0 writes input #0 'x', which is only to be read",
        copy(at(2, 0, 4), at(0, 0, 4)), FINISH);
    finds("step 0 'copy' (Copy): output 0 writes constant #3 'c', which is only to be read",
        copy(at(2, 0, 1), at(3, 0, 1)), FINISH);
    assertEquals(List.of(), verify(copy(at(0, 0, 4), at(2, 0, 4)), FINISH));
  }

  @Test
  void outputsShareMemoryOnlyInPlace() {
    finds(
        "step 1 'map' (Map): input 0 and output 0 share memory of output #1 'y', but the kernel does not allow to be in place",
        FINISH,
        run(add(2, 1, 1), List.of(at(1, 0, 256), at(0, 0, 128)), List.of(at(1, 0, 256))));
    finds("step 1 'map' (Map): input 1 and output 0 share memory of output #1 'y', but they overlap in part", FINISH,
        run(add(1, 1, 1), List.of(at(1, 0, 128), at(1, 0, 256)), List.of(at(1, 128, 128))));
    Expr e = Expr.identity(DType.F32);
    Map two = new Map(Dims.of(4), List.of(View.of(DType.F32, 1)), new Expr(e.nodes(), List.of(0, 0)),
        List.of(View.of(DType.F32, 1), View.of(DType.F32, 1)));
    finds("step 0 'map' (Map): outputs 0 and 1 share memory of output #1 'y'",
        run(two, List.of(at(0, 0, 16)), List.of(at(1, 0, 16), at(1, 0, 16))), FINISH);
    finds("step 1.0 'copy' (Copy): input 0 and output 0 share memory of output #1 'y', but they overlap in part",
        FINISH,
        new Step.Loop(4, List.of(copy(at(1, 0, 128, 128), at(1, 512, 128, -128)))));
    assertEquals(List.of(), verify(FINISH, new Step.Loop(4, List.of(copy(at(1, 0, 128, 128), at(1, 512, 128, 128))))));
  }

  @Test
  void nothingIsReadBeforeItIsWritten() {
    finds("step 0 'copy' (Copy): input 0 reads byte 0 of scratch #4 't', which nothing has written",
        copy(at(T, 0, 4), at(1, 0, 4)), FINISH);
    finds("step 0 'copy' (Copy): input 0 reads byte 0 of output #1 'y', which nothing has written",
        copy(at(1, 0, 4), at(T, 0, 4)), FINISH);
    finds("step 1 'copy' (Copy): input 0 reads byte 100 of scratch #4 't', which nothing has written",
        copy(at(0, 0, 100), at(T, 0, 100)),
        copy(at(T, 0, 101), at(1, 0, 101)), FINISH);
    finds("step 0 (branch): the predicate reads byte 128 of scratch #4 't', which nothing has written",
        new Step.Branch(at(T, 128, 1), List.of(), List.of()), FINISH);
  }

  @Test
  void everyPathCounts() {
    Step write = copy(at(0, 0, 128), at(T, 0, 128));
    Step read = copy(at(T, 0, 128), at(1, 0, 128));
    String problem = " 'copy' (Copy): input 0 reads byte 0 of scratch #4 't', which nothing has written";
    finds("step 1" + problem, new Step.Branch(at(3, 0, 1), List.of(write), List.of()), read, FINISH);
    finds("step 0.else.0" + problem, new Step.Branch(at(3, 0, 1), List.of(write), List.of(read)), FINISH);
    assertEquals(List.of(), verify(new Step.Branch(at(3, 0, 1), List.of(write), List.of(write)), read, FINISH));
    finds("step 1" + problem, new Step.Loop(0, List.of(write)), read, FINISH);
    assertEquals(List.of(), verify(new Step.Loop(1, List.of(write)), read, FINISH));
  }

  @Test
  void loopsCarryWhatTheyWrote() {
    // Iteration t reads row t and writes row t + 1.
    Step next = copy(at(T, 0, 128, 128), at(T, 128, 128, 128));
    assertEquals(List.of(), verify(copy(at(0, 0, 128), at(T, 0, 128)), new Step.Loop(7, List.of(next)),
        copy(at(T, 0, 1024), at(1, 0, 1024))));
    finds(
        "step 1.0 'copy' (Copy): input 0 reads byte 128 of scratch #4 't', which nothing has written, in iteration [1]",
        copy(at(0, 0, 128), at(T, 0, 128)),
        new Step.Loop(3, List.of(copy(at(T, 0, 128, 128), at(T, 896, 128, -64)))), FINISH);
  }

  @Test
  void scatteredWritesAreFollowedElementByElement() {
    Map even = add(0, 0, 2);
    Step writeEven = run(even, List.of(at(0, 0, 4), at(0, 0, 4)), List.of(at(T, 0, 256)));
    Map readEven = add(2, 2, 1);
    assertEquals(List.of(),
        verify(writeEven, run(readEven, List.of(at(T, 0, 252), at(T, 0, 252)), List.of(at(1, 0, 128))), FINISH));
    Map readAll = add(1, 2, 1);
    finds("step 1 'map' (Map): input 0 reads byte 4 of scratch #4 't', which nothing has written", writeEven,
        run(readAll, List.of(at(T, 0, 128), at(T, 0, 252)), List.of(at(1, 0, 128))), FINISH);
  }

  @Test
  void everyOutputIsWritten() {
    finds("output #1 'y' of 1024 bytes: byte 0 is never written");
    finds("output #1 'y' of 1024 bytes: byte 512 is never written", copy(at(0, 0, 512), at(1, 0, 512)));
    assertEquals(List.of(), verify(copy(at(0, 0, 1000), at(1, 0, 1000))), "the rest is padding");
  }

  @Test
  void veryLongLoopsEnd() {
    Step step = copy(at(0, 0, 128), at(T, 0, 128));
    assertEquals(List.of(), verify(new Step.Loop(1L << 40, List.of(new Step.Loop(1000, List.of(step)))), FINISH));
    assertEquals(List.of(), verify(new Step.Loop(1L << 60, List.of()), FINISH));
  }
}
