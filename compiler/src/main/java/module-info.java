module org.lathe.compiler {
  requires transitive org.lathe.hal;
  requires org.slf4j;
  requires static transitive org.jspecify;
}
