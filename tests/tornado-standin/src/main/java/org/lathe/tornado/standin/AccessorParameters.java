package org.lathe.tornado.standin;

import org.lathe.tornado.standin.common.Access;

/** In the place of TornadoVM's class of this name. */
public final class AccessorParameters {
  private final Object[] objects;

  public AccessorParameters(int numParameters) {
    objects = new Object[numParameters];
  }

  public void set(int index, Object object, Access access) {
    objects[index] = object;
  }

  Object[] objects() {
    return objects;
  }
}
