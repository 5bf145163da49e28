package org.lathe.compiler.lower;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.lathe.compiler.ir.Literal;
import org.lathe.compiler.ir.LiteralBytes;
import org.lathe.compiler.ir.TensorType;
import org.lathe.hal.DType;
import org.lathe.hal.Dims;
import org.lathe.hal.program.BufferDecl;
import org.lathe.hal.program.Program;
import org.lathe.hal.program.Role;
import org.lathe.hal.program.Slice;
import org.lathe.hal.program.Step;
import org.lathe.hal.spec.Operand;
import org.lathe.reference.Elements;
import org.lathe.reference.SpecReference;

/** Runs programs kernel by kernel with the reference's plain loops; slow, and independent of every backend. */
final class NaiveDevice {
  private final byte[][] memory;

  private NaiveDevice(byte[][] memory) {
    this.memory = memory;
  }

  /** The outputs of a lowered graph; everything that has not been written yet is NaN or all ones. */
  static List<Literal> run(LoweredGraph lowered, List<Literal> inputs) {
    Program program = lowered.program();
    byte[][] memory = new byte[program.buffers().size()][];
    List<Integer> bound = new ArrayList<>();
    for (int b = 0; b < memory.length; b++) {
      BufferDecl d = program.buffers().get(b);
      memory[b] = new byte[Math.toIntExact(d.bytes())];
      Arrays.fill(memory[b], (byte) 0xff);
      if (d.role() == Role.CONSTANT) {
        memory[b] = d.data().toArray();
      } else if (d.role().isBound()) {
        bound.add(b);
      }
    }
    for (int i = 0; i < inputs.size(); i++) {
      byte[] data = LiteralBytes.encode(inputs.get(i));
      System.arraycopy(data, 0, memory[bound.get(i)], 0, data.length);
    }
    byte[][] constantsBefore = new byte[memory.length][];
    for (int b = 0; b < memory.length; b++) {
      Role role = program.buffers().get(b).role();
      constantsBefore[b] = role == Role.INPUT || role == Role.CONSTANT ? memory[b].clone() : null;
    }
    new NaiveDevice(memory).steps(program.steps(), new ArrayList<>());
    for (int b = 0; b < memory.length; b++) {
      if (constantsBefore[b] != null && !Arrays.equals(memory[b], constantsBefore[b])) {
        throw new AssertionError("the program wrote to " + program.buffers().get(b).name());
      }
    }
    List<Literal> outputs = new ArrayList<>();
    int next = inputs.size();
    for (int o = 0; o < lowered.graph().outputs().size(); o++) {
      TensorType type = lowered.graph().outputs().get(o).type();
      int output = o;
      int buffer = lowered.donations().stream()
          .filter(d -> d.output() == output)
          .map(d -> bound.get(d.input()))
          .findFirst()
          .orElse(-1);
      if (buffer < 0) {
        buffer = bound.get(next++);
      }
      outputs.add(LiteralBytes.decode(type, MemorySegment.ofArray(memory[buffer])));
    }
    return outputs;
  }

  private void steps(List<Step> steps, List<Long> iterations) {
    for (Step s : steps) {
      switch (s) {
        case Step.Dispatch d -> SpecReference.run(
            d.spec(),
            operands(d.inputs(), d.spec().inputs(), iterations),
            operands(d.outputs(), d.spec().outputs(), iterations));
        case Step.Loop(long trips, List<Step> body) -> {
          for (long t = 0; t < trips; t++) {
            List<Long> inner = new ArrayList<>(iterations);
            inner.add(t);
            steps(body, inner);
          }
        }
        case Step.Branch(Slice predicate, List<Step> then, List<Step> otherwise) -> steps(
            slice(predicate, DType.BOOL, iterations).real(0) != 0 ? then : otherwise, iterations);
      }
    }
  }

  private List<Elements> operands(List<Slice> slices, List<Operand> operands, List<Long> iterations) {
    List<Elements> elements = new ArrayList<>();
    for (int i = 0; i < slices.size(); i++) {
      elements.add(slice(slices.get(i), operands.get(i).dtype(), iterations));
    }
    return elements;
  }

  private Elements slice(Slice s, DType type, List<Long> iterations) {
    long offset = s.offset();
    Dims steps = s.loopSteps();
    for (int l = 0; l < steps.rank(); l++) {
      offset += steps.get(l) * iterations.get(l);
    }
    return new Elements(type, MemorySegment.ofArray(memory[s.buffer()]).asSlice(offset, s.bytes()));
  }
}
