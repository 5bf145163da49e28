/** Lathe on every core of the CPU, in pure Java. */
module org.lathe.backends.cpu {
  requires org.lathe.hal;
  requires java.management;
  requires jdk.management;
  requires static jdk.incubator.vector;
  requires static org.jspecify;

  provides org.lathe.hal.device.Driver with org.lathe.backends.cpu.CpuDriver;
}
