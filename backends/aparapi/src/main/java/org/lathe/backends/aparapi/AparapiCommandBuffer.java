package org.lathe.backends.aparapi;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.lathe.backends.simt.plan.Argument;
import org.lathe.backends.simt.plan.Launch;
import org.lathe.backends.simt.program.Bound;
import org.lathe.backends.simt.program.Bounds;
import org.lathe.backends.simt.program.PlannedStep;
import org.lathe.backends.simt.program.RecordedStep;
import org.lathe.backends.simt.program.Recorder;
import org.lathe.backends.simt.program.TimedRunner;
import org.lathe.hal.device.Bindings;
import org.lathe.hal.device.BufferSlice;
import org.lathe.hal.device.CommandBuffer;
import org.lathe.hal.device.Event;
import org.lathe.hal.profile.HostProfile;
import org.lathe.hal.program.Program;
import org.lathe.hal.program.Slice;
import org.lathe.hal.program.Step;

/** A prepared program with memory. Runs in the thread that submits it. Owns scratch memory and workspaces. */
final class AparapiCommandBuffer implements CommandBuffer {
  private final AparapiPrepared prepared;
  private final Program program;
  private final List<ArenaBuffer> owned = new ArrayList<>();
  /** What each of the program's buffers is bound to. */
  private final Bounds<ArenaBuffer> bounds;
  private final List<RecordedLaunch> launches = new ArrayList<>();
  private final List<RecordedStep<RecordedLaunch>> steps;
  private boolean closed;

  AparapiCommandBuffer(AparapiPrepared prepared, List<BufferSlice> bindings) {
    this.prepared = prepared;
    this.program = prepared.program();
    checkBindings(bindings);
    try {
      bounds = Bounds.of(program, ArenaBuffer.class, bindings, prepared::constant, this::own);
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
    Bounds<ArenaBuffer> before = bounds.copy();
    bounds.rebind(bindings);
    if (launches.stream().allMatch(RecordedLaunch::stillFits)) {
      return true;
    }
    bounds.moveTo(before);
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
