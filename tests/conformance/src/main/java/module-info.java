module org.lathe.conformance {
  requires transitive org.lathe.compiler;
  requires transitive org.junit.jupiter.api;
  requires org.junit.jupiter.params;
  requires static transitive org.jspecify;
}
