package org.lathe.conformance.device;

/** One thing that a device has to do. The name is unique in the suite: lower case, words joined by hyphens. */
record Case(String name, Body body) {

  /** Fails by throwing. Closes what it opens: buffers of the session's device that it leaves open are an error. */
  @FunctionalInterface
  interface Body {
    void run(Session session) throws Throwable;
  }
}
