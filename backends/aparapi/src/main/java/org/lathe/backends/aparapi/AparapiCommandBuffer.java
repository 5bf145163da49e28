package org.lathe.backends.aparapi;

import java.util.ArrayList;
import java.util.List;
import org.lathe.backends.aparapi.RecordedStep.Bound;
import org.lathe.backends.simt.plan.Argument;
import org.lathe.backends.simt.plan.Launch;
import org.lathe.backends.simt.program.PlannedStep;
import org.lathe.hal.device.BufferSlice;
import org.lathe.hal.device.CommandBuffer;
import org.lathe.hal.device.Event;
import org.lathe.hal.program.BufferDecl;
import org.lathe.hal.program.Program;
import org.lathe.hal.program.Role;
import org.lathe.hal.program.Slice;
import org.lathe.hal.program.Step;
import org.lathe.hal.profile.KernelEvent;

/** A prepared program with memory. Runs in the thread that submits it. Owns scratch memory and workspaces. */
final class AparapiCommandBuffer implements CommandBuffer {
  private final AparapiPrepared prepared;
  private final Program program;
  private final List<ArenaBuffer> owned = new ArrayList<>();
  /** What each of the program's buffers is bound to. */
  private final List<Bound> bounds = new ArrayList<>();
  private final List<RecordedLaunch> launches = new ArrayList<>();
  /** What moves in each enclosing loop while recording, outermost first. */
  private final List<List<RecordedStep.Loop.Moving>> loops = new ArrayList<>();
  private final RecordedStep[] steps;
  private int dispatches;
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
          bounds.add(new Bound((ArenaBuffer) slice.buffer(), slice.offset()));
        } else if (declaration.role() == Role.CONSTANT) {
          bounds.add(new Bound(prepared.constant(i), 0));
        } else {
          bounds.add(new Bound(own(declaration.bytes()), 0));
        }
      }
      List<Bound> workspaces = prepared.plan().workspaces().stream().map(b -> new Bound(own(b), 0)).toList();
      steps = record(prepared.plan().steps(), workspaces);
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
    List<BufferDecl> declarations = program.bound();
    if (bindings.size() != declarations.size()) {
      throw new IllegalArgumentException(
          "program '" + program.name() + "' binds " + declarations.size() + " buffers, found " + bindings.size()
              + "; see Program.bound()");
    }
    for (int i = 0; i < bindings.size(); i++) {
      BufferDecl declaration = declarations.get(i);
      BufferSlice slice = bindings.get(i);
      if (!(slice.buffer() instanceof ArenaBuffer buffer)
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

  private RecordedStep[] record(List<PlannedStep> source, List<Bound> workspaces) {
    return source.stream().map(s -> record(s, workspaces)).toArray(RecordedStep[]::new);
  }

  private RecordedStep record(PlannedStep step, List<Bound> workspaces) {
    return switch (step) {
      case PlannedStep.Run run -> new RecordedStep.Dispatch(
          dispatches++, run.dispatch(),
          run.plan().launches().stream().map(l -> record(l, run.dispatch(), workspaces))
              .toArray(RecordedLaunch[]::new));
      case PlannedStep.Loop loop -> {
        List<RecordedStep.Loop.Moving> moving = new ArrayList<>();
        loops.add(moving);
        RecordedStep[] body = record(loop.body(), workspaces);
        loops.removeLast();
        yield new RecordedStep.Loop(loop.trips(), body, moving.toArray(RecordedStep.Loop.Moving[]::new));
      }
      case PlannedStep.Branch branch -> {
        long[] at = {branch.predicate().offset()};
        move(branch.predicate(), at, 0);
        yield new RecordedStep.Branch(
            bounds.get(branch.predicate().buffer()), at, record(branch.then(), workspaces),
            record(branch.otherwise(), workspaces));
      }
    };
  }

  private void move(Slice slice, long[] offsets, int position) {
    for (int loop = 0; loop < Math.min(loops.size(), slice.loopSteps().rank()); loop++) {
      long step = slice.loopSteps().get(loop);
      if (step != 0) {
        loops.get(loop).add(new RecordedStep.Loop.Moving(offsets, position, step));
      }
    }
  }

  private RecordedLaunch record(Launch launch, Step.Dispatch dispatch, List<Bound> workspaces) {
    int n = launch.arguments().size();
    Bound[] memories = new Bound[n];
    long[] places = new long[n];
    for (int i = 0; i < n; i++) {
      switch (launch.arguments().get(i)) {
        case Argument.Input(int operand) -> {
          Slice slice = dispatch.inputs().get(operand);
          memories[i] = bounds.get(slice.buffer());
          places[i] = slice.offset();
          move(slice, places, i);
        }
        case Argument.Output(int operand) -> {
          Slice slice = dispatch.outputs().get(operand);
          memories[i] = bounds.get(slice.buffer());
          places[i] = slice.offset();
          move(slice, places, i);
        }
        case Argument.Workspace(int number) -> memories[i] = workspaces.get(number);
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
    List<Bound> before = bounds.stream().map(Bound::copy).toList();
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

  @Override
  public Event submit() {
    checkUsable();
    RecordedStep.runAll(steps, dispatch -> dispatch.launch());
    return Event.DONE;
  }

  @Override
  public List<KernelTiming> profile() {
    checkUsable();
    List<KernelTiming> timings = new ArrayList<>();
    long start = System.nanoTime();
    RecordedStep.runAll(steps, dispatch -> {
      KernelEvent event = new KernelEvent();
      event.begin();
      long from = System.nanoTime() - start;
      dispatch.launch();
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
    return owned.stream().mapToLong(ArenaBuffer::bytes).sum();
  }

  @Override
  public void close() {
    closed = true;
    owned.forEach(ArenaBuffer::close);
  }
}
