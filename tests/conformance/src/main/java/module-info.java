/** The conformance suite, which a backend joins with one registration. Runs with JUnit or without. */
module org.lathe.conformance {
  requires transitive org.lathe.compiler;
  requires static org.junit.jupiter.api;
  requires static transitive org.jspecify;

  exports org.lathe.conformance;
  exports org.lathe.conformance.device;

  uses org.lathe.conformance.ConformanceTarget;
}
