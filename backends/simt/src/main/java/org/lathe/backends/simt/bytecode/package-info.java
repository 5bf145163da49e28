/**
 * Kernels as classes of the JVM, in the dialects of Aparapi, {@link org.lathe.backends.simt.bytecode.AparapiClass}, and of
 * TornadoVM. Both frameworks read the bytecode back and make OpenCL C of it, and each understands a part of the language
 * only; the writers keep to that part by construction.
 */
@NullMarked
package org.lathe.backends.simt.bytecode;

import org.jspecify.annotations.NullMarked;
