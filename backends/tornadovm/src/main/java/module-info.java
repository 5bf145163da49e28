/** Lathe on TornadoVM, by reflection: nothing of TornadoVM is needed to build it. */
module org.lathe.backends.tornadovm {
  requires org.lathe.hal;
  requires org.lathe.backends.simt;
  requires static org.jspecify;

  provides org.lathe.hal.device.Driver with org.lathe.backends.tornadovm.TornadoDriver;
}
