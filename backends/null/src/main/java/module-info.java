/** The backend that runs nothing: where a new backend starts. */
module org.lathe.backends.noop {
  requires org.lathe.hal;
  requires static org.jspecify;

  provides org.lathe.hal.device.Driver with org.lathe.backends.noop.NullDriver;
}
