package org.lathe.tornado.standin;

import org.lathe.tornado.standin.types.arrays.TornadoNativeArray;

/** In the place of TornadoVM's class of this name, for arrays of bytes. */
public final class DataRange {
  final TornadoNativeArray array;
  long offset;
  long size;

  public DataRange(TornadoNativeArray array) {
    this.array = array;
  }

  public DataRange withOffset(long newOffset) {
    offset = newOffset;
    return this;
  }

  public DataRange withSize(long newSize) {
    size = newSize;
    return this;
  }
}
