package org.lathe.hal.profile;

import jdk.jfr.Category;
import jdk.jfr.DataAmount;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;
import org.lathe.hal.program.Step;
import org.lathe.hal.spec.Work;

/** One kernel of a profiled run, as a JDK Flight Recorder event. Its duration is the kernel's. */
@Name("org.lathe.Kernel")
@Label("Kernel")
@Category("Lathe")
@Description("One kernel of a profiled run")
@StackTrace(false)
public final class KernelEvent extends Event {
  @Label("Device")
  public String device = "";

  @Label("Program")
  public String program = "";

  @Label("Dispatch")
  @Description("The number of the dispatch in its program, loop bodies counted once")
  public int dispatch;

  @Label("Kernel")
  public String kernel = "";

  @Label("Origin")
  @Description("The operations that were fused into the kernel")
  public String origin = "";

  @Label("Operations")
  public long operations;

  @Label("Bytes")
  @Description("The bytes of all operands, each once")
  @DataAmount
  public long bytes;

  /** Sets all fields, if the event is going to be kept, and keeps it. Call it at the end. */
  public void commit(String ofDevice, String ofProgram, int number, Step.Dispatch run) {
    end();
    if (!shouldCommit()) {
      return;
    }
    Work work = run.spec().work();
    device = ofDevice;
    program = ofProgram;
    dispatch = number;
    kernel = run.spec().family();
    origin = run.label();
    operations = work.operations();
    bytes = work.bytes();
    commit();
  }
}
