module org.lathe.backends.noop {
  requires org.lathe.hal;
  requires static org.jspecify;
}
