package org.lathe.tornado.standin;

/** In the place of TornadoVM's interface of this name. */
public interface WorkerGrid {
  void setLocalWork(long x, long y, long z);
}
