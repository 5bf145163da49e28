package org.lathe.backends.cpu;

/**
 * A loop with a vector form that is not used before it is hot: until C2 has compiled it, every vector operation is
 * interpreted and makes an object, which takes thousands of times as long. Both forms give the same bits, so a run may
 * change from one to the other at any call.
 */
interface VectorLoop extends Loop {
  /** The vector form; as {@link #run}. With n below 0 it does nothing, which is how calls are made for the JIT to count. */
  void vector(long[] a, int n);

  /** From now on {@link #run} uses the vector form. */
  void setHot();

  /** Points that one iteration of the vector form evaluates. */
  int step();

  /** Vector operations of one iteration, roughly. */
  int operations();

  /** Longs in the array given to the loop. */
  int slots();
}
