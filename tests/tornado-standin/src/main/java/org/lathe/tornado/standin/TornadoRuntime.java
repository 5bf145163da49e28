package org.lathe.tornado.standin;

/** In the place of TornadoVM's interface of this name. */
public interface TornadoRuntime {
  int getNumBackends();

  TornadoBackend getBackend(int index);
}
