/** Classes in the place of TornadoVM's API, for tests. */
module org.lathe.tornado.standin {
  requires jocl;
  requires static org.jspecify;

  exports org.lathe.tornado.standin;
  exports org.lathe.tornado.standin.common;
  exports org.lathe.tornado.standin.enums;
  exports org.lathe.tornado.standin.math;
  exports org.lathe.tornado.standin.runtime;
  exports org.lathe.tornado.standin.types.arrays;
}
