/** Lathe on OpenCL devices: GPUs, CPUs through PoCL, accelerators. */
module org.lathe.backends.opencl {
  requires org.lathe.hal;
  requires org.lathe.backends.simt;
  requires jocl;
  requires static org.jspecify;

  provides org.lathe.hal.device.Driver with
      org.lathe.backends.opencl.OpenClDriver,
      org.lathe.backends.opencl.FpgaDriver;
}
