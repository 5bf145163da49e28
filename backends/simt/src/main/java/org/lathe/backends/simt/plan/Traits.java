package org.lathe.backends.simt.plan;

/**
 * What schedules need to know of a device.
 *
 * @param form which kind of kernels it wants
 * @param computeUnits cores or multiprocessors: groups that run at once
 * @param floatLanes the width of its f32 vectors, 1 where vectors gain nothing
 * @param warp how many work items run in lockstep; 1 on CPUs
 * @param maxGroup the most work items of a group
 * @param localBytes local memory of a group
 * @param maxParameters the most parameters of a kernel
 * @param hasF64 whether it computes in f64
 */
public record Traits(
    Form form,
    int computeUnits,
    int floatLanes,
    int warp,
    int maxGroup,
    long localBytes,
    int maxParameters,
    boolean hasF64) {

  /** The kinds of kernels. */
  public enum Form {
    /** Many work items to hide latency, tiles in local memory, register blocking. */
    GPU,
    /** One work item for each core at a time, wide vectors, packed register tiles. */
    CPU,
    /** One work item in all, whose loops are pipelines. */
    PIPELINE
  }

  public boolean isCpu() {
    return form == Form.CPU;
  }

  public boolean isGpu() {
    return form == Form.GPU;
  }

  public boolean isPipeline() {
    return form == Form.PIPELINE;
  }
}
