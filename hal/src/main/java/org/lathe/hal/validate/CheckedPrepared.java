package org.lathe.hal.validate;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import org.lathe.hal.device.Allocator;
import org.lathe.hal.device.Buffer;
import org.lathe.hal.device.BufferSlice;
import org.lathe.hal.device.CommandBuffer;
import org.lathe.hal.device.Prepared;
import org.lathe.hal.program.BufferDecl;
import org.lathe.hal.program.Program;
import org.lathe.hal.program.Role;

/**
 * A prepared program. The device was given the program with its scratch memory declared as state, so that it is
 * allocated, poisoned and guarded here.
 */
final class CheckedPrepared extends Ledger.Resource implements Prepared {
  private static final int ALIGNMENT = 64;

  private final Ledger ledger;
  private final Program program;
  private final Prepared inner;
  private final Allocator allocator;

  CheckedPrepared(Ledger ledger, Program program, Prepared inner, Allocator allocator) {
    super("prepared program '" + program.name() + "'");
    this.ledger = ledger;
    this.program = program;
    this.inner = inner;
    this.allocator = allocator;
  }

  static Program withBoundScratch(Program program) {
    List<BufferDecl> buffers = program.buffers().stream()
        .map(b -> b.role() == Role.SCRATCH ? new BufferDecl(b.name(), Role.STATE, b.bytes(), null) : b).toList();
    return new Program(program.name(), buffers, program.steps());
  }

  @Override
  public Program program() {
    return program;
  }

  @Override
  public List<KernelReport> kernels() {
    ledger.checkOpen(this, "kernels");
    return inner.kernels();
  }

  @Override
  public CommandBuffer record(List<BufferSlice> bindings) {
    ledger.checkOpen(this, "record");
    List<CheckedBuffer> scratch = new ArrayList<>();
    try {
      for (BufferDecl b : program.buffers()) {
        if (b.role() == Role.SCRATCH) {
          scratch.add(new CheckedBuffer(ledger, allocator.allocate(b.bytes() + CheckedBuffer.ZONE), b.bytes()));
        }
      }
      Binding binding = bind(bindings, scratch);
      return ledger.opened(new CheckedCommands(ledger, this, inner.record(binding.all()), binding, scratch));
    } catch (RuntimeException e) {
      scratch.forEach(CheckedBuffer::release);
      throw e;
    }
  }

  /**
   * Memory for one command buffer.
   *
   * @param all what the device gets
   * @param poisoned the outputs and the scratch memory among it
   * @param given the caller's buffers
   */
  record Binding(List<BufferSlice> all, List<BufferSlice> poisoned, List<CheckedBuffer> given) {}

  /** Checks the caller's slices, and puts the scratch memory between them. */
  Binding bind(List<BufferSlice> bindings, List<CheckedBuffer> scratch) {
    checkBindings(bindings);
    List<BufferSlice> all = new ArrayList<>();
    List<BufferSlice> poisoned = new ArrayList<>();
    Iterator<BufferSlice> given = bindings.iterator();
    Iterator<CheckedBuffer> temporary = scratch.iterator();
    for (BufferDecl b : program.buffers()) {
      if (b.role() == Role.SCRATCH) {
        all.add(new BufferSlice(temporary.next().inner, 0, b.bytes()));
        poisoned.add(all.getLast());
      } else if (b.role().isBound()) {
        BufferSlice s = given.next();
        all.add(new BufferSlice(((CheckedBuffer) s.buffer()).inner, s.offset(), s.bytes()));
        if (b.role() == Role.OUTPUT) {
          poisoned.add(new BufferSlice(all.getLast().buffer(), s.offset(), b.bytes()));
        }
      }
    }
    return new Binding(all, poisoned, bindings.stream().map(s -> (CheckedBuffer) s.buffer()).distinct().toList());
  }

  private void checkBindings(List<BufferSlice> bindings) {
    List<BufferDecl> declared = program.bound();
    if (bindings.size() != declared.size()) {
      throw ledger.misuse(
          "record or rebind gives " + bindings.size() + " slices to the " + declared.size()
              + " declarations of program '" + program.name() + "'");
    }
    for (int i = 0; i < bindings.size(); i++) {
      BufferSlice s = bindings.get(i);
      String what = "binding " + i + " ('" + declared.get(i).name() + "') of program '" + program.name() + "'";
      if (!(s.buffer() instanceof CheckedBuffer buffer) || buffer.ledger() != ledger) {
        throw ledger.misuse(what + " is not a buffer of this device");
      }
      ledger.checkOpen(buffer, "record or rebind with " + what);
      if (s.bytes() < declared.get(i).bytes()) {
        throw ledger.misuse(what + " has " + s.bytes() + " bytes, " + declared.get(i).bytes() + " are declared");
      }
      if (s.offset() % ALIGNMENT != 0) {
        throw ledger.misuse(what + " begins at byte " + s.offset() + ", which is not a multiple of " + ALIGNMENT);
      }
      for (int k = 0; k < i; k++) {
        boolean onlyRead = declared.get(i).role() == Role.INPUT && declared.get(k).role() == Role.INPUT;
        if (!onlyRead && overlap(bindings.get(k), declared.get(k).bytes(), s, declared.get(i).bytes())) {
          throw ledger.misuse(what + " shares memory with binding " + k + " ('" + declared.get(k).name() + "')");
        }
      }
    }
  }

  private static boolean overlap(BufferSlice a, long aBytes, BufferSlice b, long bBytes) {
    Buffer left = a.buffer();
    return left == b.buffer() && a.offset() < b.offset() + bBytes && b.offset() < a.offset() + aBytes && aBytes > 0
        && bBytes > 0;
  }

  @Override
  public void close() {
    if (!ledger.isOpen(this)) {
      return;
    }
    for (CheckedCommands commands : ledger.open(CheckedCommands.class)) {
      if (commands.isOf(this)) {
        throw ledger.misuse("close of a " + describe() + " before its " + commands.describe());
      }
    }
    ledger.closed(this);
    release();
  }

  @Override
  void release() {
    inner.close();
  }
}
