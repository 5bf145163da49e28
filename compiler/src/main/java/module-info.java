/** From a traced model to a program of kernels, and the API that runs it. */
module org.lathe.compiler {
  requires transitive org.lathe.hal;
  requires org.slf4j;
  requires static transitive org.jspecify;

  exports org.lathe.compiler.ir;
  exports org.lathe.compiler.op;
  exports org.lathe.compiler.trace;
  exports org.lathe.compiler.pass;
  exports org.lathe.compiler.interp;
  exports org.lathe.compiler.lower;
  exports org.lathe.compiler.runtime;
}
