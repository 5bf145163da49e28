package org.lathe.hal.validate;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.lathe.hal.device.Allocator;
import org.lathe.hal.device.Buffer;
import org.lathe.hal.device.Capabilities;
import org.lathe.hal.device.Device;
import org.lathe.hal.device.DeviceInfo;
import org.lathe.hal.device.Peaks;
import org.lathe.hal.device.Prepared;
import org.lathe.hal.device.Tunable;
import org.lathe.hal.program.Program;

/**
 * A device that checks how it is used, and hands every call on to the device that it wraps. For tests, and to find the
 * cause of a crash; no backend carries checks of its own.
 *
 * <p>A call that breaks the contract throws {@link DeviceMisuse}, before the wrapped device sees it:
 *
 * <ul>
 *   <li>the use of anything that is closed; a buffer closed while an open command buffer binds it or a run uses it;
 *       a prepared program closed before its command buffers
 *   <li>transfers outside a buffer, or beside another thread's run
 *   <li>programs with faults that {@link ProgramVerifier} finds
 *   <li>bindings that are too few, too small, misaligned, of another device, or share memory
 *   <li>a command buffer run by two threads at once
 *   <li>anything still open when the device is closed: it is closed then, and listed in the message
 * </ul>
 *
 * The device's part is watched too: outputs and scratch memory are filled with NaN before each run, so that a kernel
 * which does not write its output shows, and 64 bytes behind each buffer must keep their contents. Runs are slower, and
 * a run waits for earlier ones on the same buffers.
 */
public final class ValidatingDevice implements Device {
  private final Device inner;
  private final Ledger ledger;
  private final CheckedAllocator allocator = new CheckedAllocator();

  private ValidatingDevice(Device inner) {
    this.inner = inner;
    this.ledger = new Ledger(inner.info().id());
  }

  /** Wraps {@code device}, which belongs to the wrapper from now on. */
  public static ValidatingDevice wrap(Device device) {
    return new ValidatingDevice(device);
  }

  @Override
  public DeviceInfo info() {
    return inner.info();
  }

  @Override
  public Capabilities capabilities() {
    ledger.checkOpen("capabilities");
    return inner.capabilities();
  }

  @Override
  public Allocator allocator() {
    ledger.checkOpen("allocator");
    return allocator;
  }

  @Override
  public Prepared prepare(Program program) {
    check(program);
    return checked(program, inner.prepare(CheckedPrepared.withBoundScratch(program)));
  }

  @Override
  public List<Prepared> prepareAll(List<Program> programs) {
    programs.forEach(this::check);
    List<Prepared> prepared = inner.prepareAll(programs.stream().map(CheckedPrepared::withBoundScratch).toList());
    List<Prepared> checked = new ArrayList<>();
    for (int i = 0; i < prepared.size(); i++) {
      checked.add(checked(programs.get(i), prepared.get(i)));
    }
    return checked;
  }

  private void check(Program program) {
    ledger.checkOpen("prepare");
    List<String> problems = ProgramVerifier.verify(program);
    if (!problems.isEmpty()) {
      String more = problems.size() == 1 ? "" : "; and " + (problems.size() - 1) + " more";
      throw ledger.misuse("prepare of program '" + program.name() + "': " + problems.getFirst() + more);
    }
  }

  private Prepared checked(Program program, Prepared prepared) {
    return ledger.opened(new CheckedPrepared(ledger, program, prepared, inner.allocator()));
  }

  @Override
  public Optional<Peaks> measurePeaks() {
    ledger.checkOpen("measurePeaks");
    return inner.measurePeaks();
  }

  @Override
  public Optional<Tunable> tunable() {
    ledger.checkOpen("tunable");
    return inner.tunable();
  }

  @Override
  public void close() {
    Optional<List<Ledger.Resource>> leaked = ledger.close();
    if (leaked.isEmpty()) {
      return;
    }
    leaked.get().forEach(Ledger.Resource::release);
    inner.close();
    if (!leaked.get().isEmpty()) {
      throw ledger.misuse(
          "closed before " + String.join("; ", leaked.get().stream().map(Ledger.Resource::describe).toList()));
    }
  }

  private final class CheckedAllocator implements Allocator {
    @Override
    public Buffer allocate(long bytes) {
      ledger.checkOpen("allocate");
      if (bytes < 0 || bytes > Long.MAX_VALUE - CheckedBuffer.ZONE) {
        throw ledger.misuse("allocate of " + bytes + " bytes");
      }
      Buffer buffer = inner.allocator().allocate(bytes + CheckedBuffer.ZONE);
      return ledger.opened(new CheckedBuffer(ledger, buffer, bytes));
    }

    @Override
    public long allocatedBytes() {
      ledger.checkOpen("allocatedBytes");
      return ledger.open(CheckedBuffer.class).stream().mapToLong(CheckedBuffer::bytes).sum();
    }

    @Override
    public int openBuffers() {
      ledger.checkOpen("openBuffers");
      return ledger.open(CheckedBuffer.class).size();
    }
  }
}
