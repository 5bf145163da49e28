package org.lathe.hal.validate;

import java.util.List;
import java.util.stream.Stream;
import org.lathe.hal.device.BufferSlice;
import org.lathe.hal.device.CommandBuffer;
import org.lathe.hal.device.Event;

/** A recorded program, whose outputs and scratch memory are NaN before each run. */
final class CheckedCommands extends Ledger.Resource implements CommandBuffer {
  /** Bytes of ones are NaN in every floating type, -1 in the signed and 255 in the unsigned integers. */
  private static final byte POISON = (byte) 0xff;

  private final Ledger ledger;
  private final CheckedPrepared prepared;
  private final CommandBuffer inner;
  private final List<CheckedBuffer> scratch;
  private CheckedPrepared.Binding binding;
  private Event lastRun = Event.DONE;
  private Thread lastRunner = Thread.currentThread();

  CheckedCommands(
      Ledger ledger,
      CheckedPrepared prepared,
      CommandBuffer inner,
      CheckedPrepared.Binding binding,
      List<CheckedBuffer> scratch) {
    super("command buffer of program '" + prepared.program().name() + "'");
    this.ledger = ledger;
    this.prepared = prepared;
    this.inner = inner;
    this.binding = binding;
    this.scratch = scratch;
  }

  synchronized boolean binds(CheckedBuffer buffer) {
    return binding.given().contains(buffer);
  }

  boolean isOf(CheckedPrepared p) {
    return prepared == p;
  }

  @Override
  public synchronized Event submit() {
    begin("submit");
    Event run = new CheckedEvent(inner.submit());
    lastRun = run;
    lastRunner = Thread.currentThread();
    binding.given().forEach(b -> b.usedBy(run));
    return run;
  }

  @Override
  public synchronized boolean rebind(List<BufferSlice> bindings) {
    ledger.checkOpen(this, "rebind");
    if (!lastRun.isDone()) {
      throw ledger.misuse("rebind of a " + describe() + " while it runs; await its event first");
    }
    CheckedPrepared.Binding next = prepared.bind(bindings, scratch);
    boolean done = inner.rebind(next.all());
    if (done) {
      binding = next;
    }
    return done;
  }

  @Override
  public synchronized List<KernelTiming> profile() {
    begin("profile");
    List<KernelTiming> timings = inner.profile();
    checkZones();
    return timings;
  }

  private void begin(String call) {
    ledger.checkOpen(this, call);
    if (!lastRun.isDone() && lastRunner != Thread.currentThread()) {
      throw ledger.misuse(call + " while another thread runs the " + describe() + "; its users take turns");
    }
    binding.given().forEach(b -> b.lastRun().await());
    binding.poisoned().forEach(s -> Ledger.fill(s.buffer(), s.offset(), s.bytes(), POISON));
  }

  private void checkZones() {
    Stream.concat(binding.given().stream().filter(ledger::isOpen), scratch.stream()).forEach(CheckedBuffer::checkZone);
  }

  @Override
  public long scratchBytes() {
    ledger.checkOpen(this, "scratchBytes");
    return inner.scratchBytes() + scratch.stream().mapToLong(CheckedBuffer::bytes).sum();
  }

  @Override
  public synchronized void close() {
    if (!ledger.isOpen(this)) {
      return;
    }
    if (!lastRun.isDone()) {
      throw ledger.misuse("close of a " + describe() + " while it runs; await its event first");
    }
    ledger.closed(this);
    release();
  }

  @Override
  void release() {
    inner.close();
    scratch.forEach(CheckedBuffer::release);
  }

  private final class CheckedEvent implements Event {
    private final Event event;

    CheckedEvent(Event event) {
      this.event = event;
    }

    @Override
    public void await() {
      event.await();
      if (ledger.isOpen(CheckedCommands.this)) {
        checkZones();
      }
    }

    @Override
    public boolean isDone() {
      return event.isDone();
    }
  }
}
