package org.lathe.tornado.standin.enums;

/** In the place of TornadoVM's enumeration of this name. */
public enum TornadoVMBackendType {
  OPENCL, METAL, PTX, CUDA, SPIRV, JAVA, VIRTUAL
}
