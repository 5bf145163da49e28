package org.lathe.tornado.standin.enums;

/** In the place of TornadoVM's enumeration of this name. */
public enum TornadoDeviceType {
  UNKNOWN, DEFAULT, CPU, GPU, FPGA, ACCELERATOR, CUSTOM, ALL
}
