module org.lathe.cli {
  requires org.lathe.models;
  requires com.fasterxml.jackson.jr.ob;
  requires info.picocli;
  requires java.desktop;
  requires org.knowm.xchart;
  requires static org.jspecify;

  opens org.lathe.cli to info.picocli;
}
