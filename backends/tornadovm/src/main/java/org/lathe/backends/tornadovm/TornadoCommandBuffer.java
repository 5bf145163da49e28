package org.lathe.backends.tornadovm;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.lathe.backends.simt.plan.Argument;
import org.lathe.backends.simt.program.PlannedStep;
import org.lathe.backends.simt.program.RecordedStep;
import org.lathe.backends.simt.program.Recorder;
import org.lathe.backends.simt.program.TimedRunner;
import org.lathe.hal.device.Bindings;
import org.lathe.hal.device.BufferSlice;
import org.lathe.hal.device.CommandBuffer;
import org.lathe.hal.device.Event;
import org.lathe.hal.profile.HostProfile;
import org.lathe.hal.program.BufferDecl;
import org.lathe.hal.program.Program;
import org.lathe.hal.program.Role;
import org.lathe.hal.program.Slice;
import org.lathe.hal.program.Step;

/** A prepared program as an execution plan with its memory. Runs in the thread that submits it. */
final class TornadoCommandBuffer implements CommandBuffer {
  private final TornadoPrepared prepared;
  private final Program program;
  private final ExecutionMemory memory;
  /** The memory of each of the program's buffers, and of the workspaces after them. */
  private final List<HostArray> arrays = new ArrayList<>();
  /** What is bound, in the order of {@link Program#bound}. */
  private final List<Slot> slots = new ArrayList<>();
  /** The graphs that upload them; for outputs there is none. */
  private final Map<Slot, Integer> uploads = new LinkedHashMap<>();
  private final List<RecordedStep<RecordedLaunch>> steps;
  private long scratchBytes;
  private boolean closed;

  TornadoCommandBuffer(TornadoPrepared prepared, Engine engine, List<BufferSlice> bindings) {
    this.prepared = prepared;
    this.program = prepared.program();
    this.memory = new ExecutionMemory(engine, prepared.device().info().id());
    synchronized (Engine.TURN) {
      checkBindings(bindings);
      try {
        layOut(bindings);
        steps = Recorder.record(prepared.plan().steps(), this::launch);
        memory.finish();
      } catch (RuntimeException e) {
        close();
        throw e;
      }
    }
  }

  private void checkBindings(List<BufferSlice> bindings) {
    Bindings.check(program, bindings,
        b -> b instanceof TornadoBuffer own && own.allocator() == prepared.device().allocator());
  }

  /** Memory for all of the program, and the graphs that upload it. */
  private void layOut(List<BufferSlice> bindings) {
    Set<HostArray> taken = new HashSet<>();
    int next = 0;
    for (BufferDecl declaration : program.buffers()) {
      if (declaration.role().isBound()) {
        BufferSlice slice = bindings.get(next++);
        TornadoBuffer buffer = (TornadoBuffer) slice.buffer();
        boolean whole = slice.offset() == 0 && declaration.bytes() == buffer.bytes() && taken.add(buffer.array());
        HostArray array = whole ? buffer.array() : own(declaration.bytes());
        Slot slot = new Slot(declaration.role(), declaration.bytes(), array, memory::download);
        slot.bind(buffer, slice.offset());
        slots.add(slot);
        arrays.add(array);
      } else {
        HostArray array = own(declaration.bytes());
        if (declaration.data() != null) {
          MemorySegment.copy(
              MemorySegment.ofArray(declaration.data().toArray()), 0, array.data(), 0, declaration.bytes());
        }
        arrays.add(array);
      }
    }
    for (long bytes : prepared.plan().workspaces()) {
      arrays.add(own(bytes));
    }
    arrays.forEach(memory::add);
    Set<HostArray> later = new HashSet<>();
    int s = 0;
    for (BufferDecl declaration : program.buffers()) {
      if (declaration.role().isBound()) {
        Slot slot = slots.get(s++);
        if (declaration.role() != Role.OUTPUT) {
          later.add(slot.array());
        }
      }
    }
    memory.uploadAtStart(arrays.stream().filter(a -> !later.contains(a)).toList());
    for (Slot slot : slots) {
      if (later.contains(slot.array())) {
        uploads.put(slot, memory.uploading(slot.array()));
      }
    }
  }

  private HostArray own(long bytes) {
    scratchBytes += bytes;
    return prepared.device().allocator().array(bytes);
  }

  private static @Nullable Slice slice(Argument argument, Step.Dispatch dispatch) {
    return switch (argument) {
      case Argument.Input(int operand) -> dispatch.inputs().get(operand);
      case Argument.Output(int operand) -> dispatch.outputs().get(operand);
      case Argument.Workspace _,Argument.Number _ -> null;
    };
  }

  private RecordedLaunch launch(PlannedStep.Run run, int number) {
    KernelTask task = prepared.tasks(run).get(number);
    List<Argument> arguments = task.launch().arguments();
    List<@Nullable Slice> slices = new ArrayList<>();
    arguments.forEach(a -> slices.add(slice(a, run.dispatch())));
    boolean moves = slices.stream().anyMatch(s -> s != null && moves(s));
    RecordedLaunch launch = memory.launch(task, moves);
    for (int i = 0; i < arguments.size(); i++) {
      Slice slice = slices.get(i);
      long offset = slice == null ? 0 : slice.offset();
      launch.set(i, arguments.get(i) instanceof Argument.Number(long value)
          ? value
          : HostArray.DATA - prepared.headerBytes() + offset);
    }
    return launch;
  }

  /** Whether some loop moves it. */
  private static boolean moves(Slice slice) {
    for (int loop = 0; loop < slice.loopSteps().rank(); loop++) {
      if (slice.loopSteps().get(loop) != 0) {
        return true;
      }
    }
    return false;
  }

  @Override
  public boolean rebind(List<BufferSlice> bindings) {
    synchronized (Engine.TURN) {
      checkUsable();
      checkBindings(bindings);
      for (int i = 0; i < slots.size(); i++) {
        slots.get(i).bind((TornadoBuffer) bindings.get(i).buffer(), bindings.get(i).offset());
      }
      return true;
    }
  }

  private void checkUsable() {
    if (closed) {
      throw new IllegalStateException(
          "a command buffer of program '" + program.name() + "' is used after it was closed");
    }
  }

  /** Runs launches one after the other; each has ended when it returns. */
  private final class Direct implements RecordedStep.Runner<RecordedLaunch> {
    @Override
    public void run(RecordedStep.Dispatch<RecordedLaunch> dispatch) {
      dispatch.launches().forEach(memory::run);
    }

    @Override
    public boolean read(int buffer, long offset) {
      HostArray array = arrays.get(buffer);
      memory.download(array, offset, 1);
      return array.data().get(ValueLayout.JAVA_BYTE, offset) != 0;
    }
  }

  private void run(RecordedStep.Runner<RecordedLaunch> to) {
    synchronized (Engine.TURN) {
      checkUsable();
      List<Slot> stale = slots.stream().filter(Slot::prepare).toList();
      memory.prepare(stale.stream().map(s -> Objects.requireNonNull(uploads.get(s))).toList());
      stale.forEach(Slot::uploaded);
      slots.forEach(Slot::expectWrite);
      RecordedStep.runAll(steps, to);
      slots.forEach(Slot::written);
    }
  }

  @Override
  public Event submit() {
    run(new Direct());
    return Event.DONE;
  }

  @Override
  public List<KernelTiming> profile() {
    HostProfile profile = new HostProfile(prepared.device().info().id(), program.name());
    run(new TimedRunner<>(new Direct(), profile));
    return profile.timings();
  }

  @Override
  public long scratchBytes() {
    return scratchBytes;
  }

  @Override
  public void close() {
    synchronized (Engine.TURN) {
      if (closed) {
        return;
      }
      closed = true;
      slots.forEach(s -> s.release(false));
      memory.close();
    }
  }
}
