package org.lathe.backends.aparapi;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.lathe.backends.simt.plan.Argument;
import org.lathe.backends.simt.plan.Launch;
import org.lathe.backends.simt.program.Bound;
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

/** A prepared program with memory. Runs in the thread that submits it. Owns scratch memory and workspaces. */
final class AparapiCommandBuffer implements CommandBuffer {
  private final AparapiPrepared prepared;
  private final Program program;
  private final List<ArenaBuffer> owned = new ArrayList<>();
  /** What each of the program's buffers is bound to. */
  private final List<Bound<ArenaBuffer>> bounds = new ArrayList<>();
  private final List<RecordedLaunch> launches = new ArrayList<>();
  private final List<RecordedStep<RecordedLaunch>> steps;
  private boolean closed;

  AparapiCommandBuffer(AparapiPrepared prepared, List<BufferSlice> bindings) {
    this.prepared = prepared;
    this.program = prepared.program();
    checkBindings(bindings);
    try {
      int next = 0;
      for (int i = 0; i < program.buffers().size(); i++) {
        BufferDecl declaration = program.buffers().get(i);
        if (declaration.role().isBound()) {
          BufferSlice slice = bindings.get(next++);
          bounds.add(new Bound<>((ArenaBuffer) slice.buffer(), slice.offset()));
        } else if (declaration.role() == Role.CONSTANT) {
          bounds.add(new Bound<>(prepared.constant(i), 0));
        } else {
          bounds.add(new Bound<>(own(declaration.bytes()), 0));
        }
      }
      List<Bound<ArenaBuffer>> workspaces = prepared.plan().workspaces().stream().map(b -> new Bound<>(own(b), 0))
          .toList();
      steps = Recorder.record(prepared.plan().steps(), (run, number) -> launch(run, number, workspaces));
    } catch (RuntimeException e) {
      close();
      throw e;
    }
  }

  private ArenaBuffer own(long bytes) {
    ArenaBuffer buffer = prepared.device().allocator().allocate(bytes);
    owned.add(buffer);
    return buffer;
  }

  private void checkBindings(List<BufferSlice> bindings) {
    Bindings.check(program, bindings,
        b -> b instanceof ArenaBuffer own && own.allocator() == prepared.device().allocator());
  }

  private RecordedLaunch launch(PlannedStep.Run run, int number, List<Bound<ArenaBuffer>> workspaces) {
    Launch launch = run.plan().launches().get(number);
    Step.Dispatch dispatch = run.dispatch();
    int n = launch.arguments().size();
    List<@Nullable Bound<ArenaBuffer>> memories = new ArrayList<>(Collections.nCopies(n, null));
    long[] places = new long[n];
    for (int i = 0; i < n; i++) {
      switch (launch.arguments().get(i)) {
        case Argument.Input(int operand) -> {
          Slice slice = dispatch.inputs().get(operand);
          memories.set(i, bounds.get(slice.buffer()));
          places[i] = slice.offset();
        }
        case Argument.Output(int operand) -> {
          Slice slice = dispatch.outputs().get(operand);
          memories.set(i, bounds.get(slice.buffer()));
          places[i] = slice.offset();
        }
        case Argument.Workspace(int workspace) -> memories.set(i, workspaces.get(workspace));
        case Argument.Number(long value) -> places[i] = value;
      }
    }
    RecordedLaunch recorded = new RecordedLaunch(launch, memories, places);
    recorded.compile(prepared.executables(), prepared.device().engine().route());
    launches.add(recorded);
    return recorded;
  }

  @Override
  public boolean rebind(List<BufferSlice> bindings) {
    checkUsable();
    checkBindings(bindings);
    List<Bound<ArenaBuffer>> before = bounds.stream().map(Bound::copy).toList();
    int next = 0;
    for (int i = 0; i < bounds.size(); i++) {
      if (program.buffers().get(i).role().isBound()) {
        BufferSlice slice = bindings.get(next++);
        bounds.get(i).move((ArenaBuffer) slice.buffer(), slice.offset());
      }
    }
    if (launches.stream().allMatch(RecordedLaunch::stillFits)) {
      return true;
    }
    for (int i = 0; i < bounds.size(); i++) {
      bounds.get(i).move(before.get(i).buffer(), before.get(i).offset());
    }
    return false;
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
      for (RecordedLaunch launch : dispatch.launches()) {
        launch.run();
      }
    }

    @Override
    public boolean read(int buffer, long offset) {
      Bound<ArenaBuffer> bound = bounds.get(buffer);
      return bound.buffer().byteAt(bound.offset() + offset) != 0;
    }
  }

  @Override
  public Event submit() {
    checkUsable();
    RecordedStep.runAll(steps, new Direct());
    return Event.DONE;
  }

  @Override
  public List<KernelTiming> profile() {
    checkUsable();
    HostProfile profile = new HostProfile(prepared.device().info().id(), program.name());
    RecordedStep.runAll(steps, new TimedRunner<>(new Direct(), profile));
    return profile.timings();
  }

  @Override
  public long scratchBytes() {
    return owned.stream().mapToLong(ArenaBuffer::bytes).sum();
  }

  @Override
  public void close() {
    closed = true;
    owned.forEach(ArenaBuffer::close);
  }
}
