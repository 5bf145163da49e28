package org.lathe.tornado.standin.common;

/** In the place of TornadoVM's enumeration of this name. */
public enum Access {
  NONE, READ_ONLY, WRITE_ONLY, READ_WRITE
}
