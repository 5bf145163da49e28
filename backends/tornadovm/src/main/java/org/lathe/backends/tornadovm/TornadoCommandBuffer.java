package org.lathe.backends.tornadovm;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.lathe.backends.simt.plan.Argument;
import org.lathe.backends.simt.program.PlannedStep;
import org.lathe.hal.device.BufferSlice;
import org.lathe.hal.device.CommandBuffer;
import org.lathe.hal.device.Event;
import org.lathe.hal.profile.KernelEvent;
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
  /** What moves in each enclosing loop while recording, outermost first. */
  private final List<List<RecordedStep.Loop.Moving>> loops = new ArrayList<>();
  private final RecordedStep[] steps;
  private long scratchBytes;
  private int dispatches;
  private boolean closed;

  TornadoCommandBuffer(TornadoPrepared prepared, Engine engine, List<BufferSlice> bindings) {
    this.prepared = prepared;
    this.program = prepared.program();
    this.memory = new ExecutionMemory(engine, prepared.device().info().id());
    synchronized (Engine.TURN) {
      checkBindings(bindings);
      try {
        layOut(bindings);
        steps = record(prepared.plan().steps());
        memory.finish();
      } catch (RuntimeException e) {
        close();
        throw e;
      }
    }
  }

  private void checkBindings(List<BufferSlice> bindings) {
    List<BufferDecl> declarations = program.bound();
    if (bindings.size() != declarations.size()) {
      throw new IllegalArgumentException(
          "program '" + program.name() + "' binds " + declarations.size() + " buffers, found " + bindings.size()
              + "; see Program.bound()");
    }
    for (int i = 0; i < bindings.size(); i++) {
      BufferDecl declaration = declarations.get(i);
      BufferSlice slice = bindings.get(i);
      if (!(slice.buffer() instanceof TornadoBuffer buffer)
          || buffer.allocator() != prepared.device().allocator()) {
        throw new IllegalArgumentException(
            "buffer '" + declaration.name() + "' is bound to memory of another device; copy it to this one first");
      }
      if (slice.bytes() < declaration.bytes()) {
        throw new IllegalArgumentException(
            "buffer '" + declaration.name() + "' has " + declaration.bytes() + " bytes, bound to " + slice.bytes());
      }
    }
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

  private RecordedStep[] record(List<PlannedStep> source) {
    return source.stream().map(this::record).toArray(RecordedStep[]::new);
  }

  private RecordedStep record(PlannedStep step) {
    return switch (step) {
      case PlannedStep.Run run -> {
        List<KernelTask> tasks = prepared.tasks(run);
        yield new RecordedStep.Dispatch(
            dispatches++, run.dispatch(),
            tasks.stream().map(t -> record(t, run.dispatch())).toArray(RecordedLaunch[]::new));
      }
      case PlannedStep.Loop loop -> {
        List<RecordedStep.Loop.Moving> moving = new ArrayList<>();
        loops.add(moving);
        RecordedStep[] body = record(loop.body());
        loops.removeLast();
        yield new RecordedStep.Loop(loop.trips(), body, moving.toArray(RecordedStep.Loop.Moving[]::new));
      }
      case PlannedStep.Branch branch -> {
        Slice predicate = branch.predicate();
        MemorySegment place = Arena.ofAuto().allocate(ValueLayout.JAVA_LONG);
        place.set(ValueLayout.JAVA_LONG, 0, predicate.offset());
        forEachMove(predicate, (loop, bytes) -> loops.get(loop).add(new RecordedStep.Loop.Moving(place, 0, bytes)));
        HostArray array = arrays.get(predicate.buffer());
        yield new RecordedStep.Branch(
            place, at -> isSet(array, at), record(branch.then()), record(branch.otherwise()));
      }
    };
  }

  private boolean isSet(HostArray array, long at) {
    memory.download(array, at, 1);
    return array.data().get(ValueLayout.JAVA_BYTE, at) != 0;
  }

  private interface Move {
    void by(int loop, long bytes);
  }

  private void forEachMove(Slice slice, Move move) {
    for (int loop = 0; loop < Math.min(loops.size(), slice.loopSteps().rank()); loop++) {
      long bytes = slice.loopSteps().get(loop);
      if (bytes != 0) {
        move.by(loop, bytes);
      }
    }
  }

  private static @Nullable Slice slice(Argument argument, Step.Dispatch dispatch) {
    return switch (argument) {
      case Argument.Input(int operand) -> dispatch.inputs().get(operand);
      case Argument.Output(int operand) -> dispatch.outputs().get(operand);
      case Argument.Workspace _, Argument.Number _ -> null;
    };
  }

  private RecordedLaunch record(KernelTask task, Step.Dispatch dispatch) {
    List<Argument> arguments = task.launch().arguments();
    boolean[] moves = {false};
    for (Argument a : arguments) {
      Slice slice = slice(a, dispatch);
      if (slice != null) {
        forEachMove(slice, (loop, bytes) -> moves[0] = true);
      }
    }
    RecordedLaunch launch = memory.launch(task, moves[0]);
    for (int i = 0; i < arguments.size(); i++) {
      Slice slice = slice(arguments.get(i), dispatch);
      int parameter = i;
      if (slice != null) {
        launch.set(i, HostArray.DATA - prepared.headerBytes() + slice.offset());
        forEachMove(slice, (loop, bytes) -> loops.get(loop)
            .add(new RecordedStep.Loop.Moving(launch.values(), parameter, launch.inUnits(parameter, bytes))));
      } else if (arguments.get(i) instanceof Argument.Number(long value)) {
        launch.set(i, value);
      } else {
        launch.set(i, HostArray.DATA - prepared.headerBytes());
      }
    }
    return launch;
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
      throw new IllegalStateException("a command buffer of program '" + program.name() + "' is used after it was closed");
    }
  }

  private void run(Consumer<RecordedStep.Dispatch> to) {
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

  private void launch(RecordedStep.Dispatch dispatch) {
    for (RecordedLaunch launch : dispatch.launches()) {
      memory.run(launch);
    }
  }

  @Override
  public Event submit() {
    run(this::launch);
    return Event.DONE;
  }

  @Override
  public List<KernelTiming> profile() {
    List<KernelTiming> timings = new ArrayList<>();
    long start = System.nanoTime();
    run(dispatch -> {
      KernelEvent event = new KernelEvent();
      event.begin();
      long from = System.nanoTime() - start;
      launch(dispatch);
      long to = System.nanoTime() - start;
      Step.Dispatch origin = dispatch.origin();
      String kernel = origin.spec().getClass().getSimpleName();
      event.device = prepared.device().info().id();
      event.program = program.name();
      event.dispatch = dispatch.number();
      event.kernel = kernel;
      event.origin = origin.label();
      event.operations = origin.spec().operations();
      event.bytes = origin.spec().work().bytes();
      event.commit();
      timings.add(new KernelTiming(dispatch.number(), origin.label(), kernel, from, to));
    });
    return timings;
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
