module org.lathe.cli {
  requires org.lathe.conformance;
  requires org.lathe.models;
  requires com.fasterxml.jackson.jr.ob;
  requires info.picocli;
  requires java.management;
  requires java.xml;
  requires me.tongfei.progressbar;
  requires java.desktop;
  requires org.knowm.xchart;
  requires static org.jspecify;

  uses org.lathe.conformance.ConformanceTarget;

  opens org.lathe.cli to info.picocli;
}
