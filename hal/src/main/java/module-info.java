module org.lathe.hal {
  requires static transitive org.jspecify;
}
