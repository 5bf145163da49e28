/** Lathe on Aparapi: its OpenCL devices, and its Java thread pool. */
module org.lathe.backends.aparapi {
  requires org.lathe.hal;
  requires org.lathe.backends.simt;
  requires aparapi;
  requires java.logging;
  requires static org.jspecify;

  // Aparapi makes instances of kernels.
  opens org.lathe.backends.aparapi to aparapi;

  provides org.lathe.hal.device.Driver
      with org.lathe.backends.aparapi.AparapiDriver, org.lathe.backends.aparapi.AparapiPoolDriver;
}
