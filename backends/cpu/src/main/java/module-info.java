module org.lathe.backends.cpu {
  requires org.lathe.hal;
  requires static jdk.incubator.vector;
  requires static org.jspecify;
}
