/** What a device is and what it can be asked to do. Depends on nothing else of Lathe. */
module org.lathe.hal {
  requires static transitive org.jspecify;
  requires transitive jdk.jfr;

  exports org.lathe.hal;
  exports org.lathe.hal.device;
  exports org.lathe.hal.expr;
  exports org.lathe.hal.profile;
  exports org.lathe.hal.program;
  exports org.lathe.hal.spec;
  exports org.lathe.hal.text;
  exports org.lathe.hal.validate;

  uses org.lathe.hal.device.Driver;
}
