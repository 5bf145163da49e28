module org.lathe.models {
  requires transitive org.lathe.compiler;
  requires com.fasterxml.jackson.jr.ob;
  requires me.tongfei.progressbar;
  requires org.knowm.xchart;
  requires org.slf4j;
  requires java.desktop;
  requires static transitive org.jspecify;

  exports org.lathe.models.adversarial;
  exports org.lathe.models.attack;
  exports org.lathe.models.bench;
  exports org.lathe.models.data;
  exports org.lathe.models.env;
  exports org.lathe.models.linalg;
  exports org.lathe.models.nets;
  exports org.lathe.models.nn;
  exports org.lathe.models.optim;
  exports org.lathe.models.search;
  exports org.lathe.models.train;
  exports org.lathe.models.zoo;
  exports org.lathe.models.zoo.model;
}
