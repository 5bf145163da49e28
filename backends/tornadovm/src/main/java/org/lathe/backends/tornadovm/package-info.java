/**
 * The backend that reaches OpenCL devices through TornadoVM.
 *
 * <p>TornadoVM is named by strings and in generated classes only. Programs become execution plans: each launch is a task
 * graph of its own, and all memory of a program stays on the device from one graph to the next. What differs between the
 * host's copy of a buffer and a plan's is moved when somebody asks for it, see {@link org.lathe.backends.tornadovm.Slot}.
 *
 * <p>Calls into TornadoVM take turns, whatever the thread: it promises nothing else.
 */
@NullMarked
package org.lathe.backends.tornadovm;

import org.jspecify.annotations.NullMarked;
