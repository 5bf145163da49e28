/** Kernels for devices that run threads: an intermediate representation, schedules, and renderers. */
module org.lathe.backends.simt {
  requires transitive org.lathe.hal;
  requires static org.jspecify;

  exports org.lathe.backends.simt.bytecode;
  exports org.lathe.backends.simt.interp;
  exports org.lathe.backends.simt.aot;
  exports org.lathe.backends.simt.ir;
  exports org.lathe.backends.simt.opencl;
  exports org.lathe.backends.simt.pipeline;
  exports org.lathe.backends.simt.plan;
  exports org.lathe.backends.simt.program;
  exports org.lathe.backends.simt.schedule;
  exports org.lathe.backends.simt.tune;
  exports org.lathe.backends.simt.verify;
}
