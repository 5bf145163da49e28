package org.lathe.backends.cpu;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;
import org.lathe.hal.device.Bindings;
import org.lathe.hal.device.BufferSlice;
import org.lathe.hal.device.CommandBuffer;
import org.lathe.hal.device.Event;
import org.lathe.hal.device.HostBuffer;
import org.lathe.hal.device.OutOfDeviceMemory;
import org.lathe.hal.profile.HostProfile;
import org.lathe.hal.program.BufferDecl;
import org.lathe.hal.program.Program;
import org.lathe.hal.program.Role;
import org.lathe.hal.program.Slice;
import org.lathe.hal.program.Step;

/** A prepared program with all addresses resolved. Runs in the thread that submits it, with the team if it is free. */
final class CpuCommandBuffer implements CommandBuffer {
  private static final long LINE = 128;

  private final CpuDevice device;
  private final Program program;
  private final List<HostBuffer> owned = new ArrayList<>();
  /** Where each of the program's buffers lies. */
  private final long[] bases;
  /** The addresses that follow a buffer which the caller binds. */
  private final List<Following> following = new ArrayList<>();
  /** What each buffer of the program is, where it is bound or constant. */
  private final @Nullable HostBuffer[] hosts;
  /** The bound buffers that the program writes. */
  private final int[] written;
  /** The operands whose packed form may be kept, and in which buffer each is. */
  private final Map<KeptOperand, Integer> kept = new LinkedHashMap<>();
  private final BoundStep[] steps;
  private final Walk walk;
  private int dispatches;
  private boolean parallel;

  CpuCommandBuffer(CpuDevice device, CpuPrepared prepared, List<BufferSlice> bindings) {
    this.device = device;
    this.program = prepared.program();
    try {
      int most = device.team().size();
      this.hosts = new HostBuffer[program.buffers().size()];
      this.bases = bases(prepared, bindings);
      this.written = IntStream.range(0, hosts.length)
          .filter(i -> hosts[i] != null && writes(program.steps(), i))
          .toArray();
      this.walk = new Walk(device.team(), newRun(prepared, most));
      this.steps = new Binder(prepared, most).bindAll(prepared.program().steps(), new ArrayList<>());
    } catch (RuntimeException e) {
      close();
      throw e;
    }
  }

  private long[] bases(CpuPrepared prepared, List<BufferSlice> bindings) {
    Program p = prepared.program();
    Bindings.check(p, bindings, HostBuffer.class::isInstance);
    long[] bases = new long[p.buffers().size()];
    int next = 0;
    for (int i = 0; i < bases.length; i++) {
      BufferDecl declaration = p.buffers().get(i);
      if (declaration.role().isBound()) {
        hosts[i] = (HostBuffer) bindings.get(next).buffer();
        bases[i] = address(bindings.get(next++));
      } else if (declaration.role() == Role.CONSTANT) {
        hosts[i] = prepared.constant(i);
        bases[i] = prepared.constant(i).address();
      } else {
        bases[i] = allocate(declaration.bytes());
      }
    }
    return bases;
  }

  private static boolean writes(List<Step> steps, int buffer) {
    return steps.stream().anyMatch(s -> switch (s) {
      case Step.Dispatch d -> d.outputs().stream().anyMatch(o -> o.buffer() == buffer);
      case Step.Loop l -> writes(l.body(), buffer);
      case Step.Branch b -> writes(b.then(), buffer) || writes(b.otherwise(), buffer);
    });
  }

  /** Moves every address by as much as its buffer has moved. */
  @Override
  public boolean rebind(List<BufferSlice> bindings) {
    Bindings.check(program, bindings, HostBuffer.class::isInstance);
    long[] moved = new long[bases.length];
    int next = 0;
    for (int i = 0; i < bases.length; i++) {
      BufferDecl declaration = program.buffers().get(i);
      moved[i] = bases[i];
      if (declaration.role().isBound()) {
        BufferSlice slice = bindings.get(next++);
        moved[i] = address(slice);
        HostBuffer host = (HostBuffer) slice.buffer();
        if (moved[i] != bases[i] || host != hosts[i]) {
          hosts[i] = host;
          int buffer = i;
          kept.forEach((operand, at) -> {
            if (at == buffer) {
              operand.moved(host);
            }
          });
        }
      }
    }
    for (Following f : following) {
      f.addresses[f.position] += moved[f.buffer] - bases[f.buffer];
    }
    System.arraycopy(moved, 0, bases, 0, bases.length);
    return true;
  }

  private static long address(BufferSlice slice) {
    return ((HostBuffer) slice.buffer()).address() + slice.offset();
  }

  private long allocate(long bytes) {
    HostBuffer buffer = device.allocator().allocate(bytes);
    owned.add(buffer);
    return buffer.address();
  }

  /** Memory for what a run can do without. */
  private long takeIfThereIsRoom(long bytes) {
    try {
      return allocate(bytes);
    } catch (OutOfDeviceMemory e) {
      return 0;
    }
  }

  private TeamRun newRun(CpuPrepared prepared, int most) {
    long shared = 0;
    long each = 0;
    int longs = 0;
    int workers = 1;
    for (Kernel k : prepared.distinctKernels()) {
      shared = Math.max(shared, k.sharedScratch());
      each = Math.max(each, k.workerScratch());
      longs = Math.max(longs, k.scratchLongs());
      workers = Math.max(workers, Math.min(most, k.workers(most)));
    }
    long stride = (each + LINE - 1) / LINE * LINE;
    TeamRun run = new TeamRun(
        device.team(),
        workers,
        shared == 0 ? 0 : allocate(shared),
        each == 0 ? 0 : allocate(stride * workers),
        stride,
        longs);
    prepared.distinctKernels().forEach(k -> run.reserve(k.heapScratch()));
    return run;
  }

  /** Turns slices into addresses. */
  private final class Binder {
    private final CpuPrepared prepared;
    private final int most;

    Binder(CpuPrepared prepared, int most) {
      this.prepared = prepared;
      this.most = most;
    }

    /** @param loops what moves in each enclosing loop, outermost first */
    BoundStep[] bindAll(List<Step> source, List<List<Moving>> loops) {
      return source.stream().map(s -> bind(s, loops)).toArray(BoundStep[]::new);
    }

    private BoundStep bind(Step step, List<List<Moving>> loops) {
      return switch (step) {
        case Step.Dispatch d -> {
          List<Slice> slices = new ArrayList<>(d.inputs());
          slices.addAll(d.outputs());
          Kernel kernel = prepared.kernel(d);
          int workers = Math.max(1, Math.min(most, kernel.workers(most)));
          parallel |= workers > 1;
          KeptOperand operand = kept(kernel, slices);
          yield new BoundStep.Dispatch(dispatches++, d, kernel, addresses(slices, loops), workers, operand);
        }
        case Step.Loop l -> {
          List<Moving> moving = new ArrayList<>();
          loops.add(moving);
          BoundStep[] body = bindAll(l.body(), loops);
          loops.removeLast();
          yield new BoundStep.Loop(
              l.trips(),
              body,
              moving.stream().map(Moving::addresses).toArray(long[][]::new),
              moving.stream().mapToInt(Moving::position).toArray(),
              moving.stream().mapToLong(Moving::step).toArray());
        }
        case Step.Branch b -> new BoundStep.Branch(
            addresses(List.of(b.predicate()), loops), bindAll(b.then(), loops), bindAll(b.otherwise(), loops));
      };
    }

    /** Null where the kernel keeps nothing, or the operand changes in every run, or from trip to trip. */
    private @Nullable KeptOperand kept(Kernel kernel, List<Slice> slices) {
      if (kernel.packedOperand() < 0) {
        return null;
      }
      Slice slice = slices.get(kernel.packedOperand());
      HostBuffer host = hosts[slice.buffer()];
      boolean moves = LongStream.of(slice.loopSteps().toArray()).anyMatch(s -> s != 0);
      if (host == null || moves || IntStream.of(written).anyMatch(b -> b == slice.buffer())) {
        return null;
      }
      KeptOperand operand = new KeptOperand(kernel, host, CpuCommandBuffer.this::takeIfThereIsRoom);
      kept.put(operand, slice.buffer());
      return operand;
    }

    private long[] addresses(List<Slice> slices, List<List<Moving>> loops) {
      long[] a = new long[slices.size()];
      for (int i = 0; i < a.length; i++) {
        Slice s = slices.get(i);
        a[i] = bases[s.buffer()] + s.offset();
        if (program.buffers().get(s.buffer()).role().isBound()) {
          following.add(new Following(s.buffer(), a, i));
        }
        for (int loop = 0; loop < Math.min(loops.size(), s.loopSteps().rank()); loop++) {
          if (s.loopSteps().get(loop) != 0) {
            loops.get(loop).add(new Moving(a, i, s.loopSteps().get(loop)));
          }
        }
      }
      return a;
    }
  }

  private record Following(int buffer, long[] addresses, int position) {}

  private record Moving(long[] addresses, int position, long step) {}

  @Override
  public Event submit() {
    walk();
    return Event.DONE;
  }

  private void walk() {
    for (int buffer : written) {
      HostBuffer host = hosts[buffer];
      if (host != null) {
        host.written();
      }
    }
    walk.hasTeam = parallel && walk.team.enterIfWorthwhile();
    try {
      BoundStep.runAll(steps, walk);
    } finally {
      if (walk.hasTeam) {
        walk.team.leave();
      }
    }
  }

  @Override
  public List<KernelTiming> profile() {
    HostProfile profile = new HostProfile(device.info().id(), program.name());
    walk.profile = profile;
    try {
      walk();
    } finally {
      walk.profile = null;
    }
    return profile.timings();
  }

  @Override
  public long scratchBytes() {
    return owned.stream().mapToLong(HostBuffer::bytes).sum();
  }

  @Override
  public void close() {
    owned.forEach(HostBuffer::close);
  }
}
