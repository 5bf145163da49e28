/**
 * Classes in the place of TornadoVM's API, for tests on machines without TornadoVM: the same names and signatures as far as
 * Lathe uses them, in another package, so that nothing takes them for TornadoVM.
 *
 * <p>They keep its rules: memory on the device belongs to a task graph and passes only to one that consumes it, from the
 * graph that ran last; a task needs a grid; what may go wrong in silence there is an error here. Tasks in bytecode run work
 * item by work item in this JVM, prebuilt ones through OpenCL where there is any.
 */
package org.lathe.tornado.standin;
