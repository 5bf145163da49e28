/**
 * Lathe on Aparapi 3: its OpenCL devices as {@code aparapi:0} and on, its Java thread pool as {@code aparapi-jtp:0}.
 *
 * <p><b>Routes.</b> A kernel may go to an OpenCL device in two ways: as a class that Aparapi translates to OpenCL C, or as
 * our own OpenCL C through Aparapi's binding of foreign source. Processors take all kernels, the tuned heavy ones among them,
 * as source; other devices, and the thread pool, take all as bytecode. {@link org.lathe.backends.aparapi.Route} has the
 * figures behind that. Both serve every kind of kernel, and tests keep both working.
 *
 * <p><b>Memory by source</b> lies outside of the Java heap; kernels get its addresses as numbers, so nothing is copied, and
 * the garbage collector has no part in it. Aparapi's binding takes arrays too, but unsoundly: it lets go of them while the
 * kernel still runs, and never of some that have moved (seen with the serial collector: the process stops for ever).
 *
 * <p><b>Memory by bytecode</b> are arrays, of which Aparapi makes an OpenCL buffer for each array and kernel, and it makes
 * such a buffer anew, from what the array holds, whenever the garbage collector has moved the array. Results that stay on
 * a device of its own between kernels would then be lost without a word: keeping data there is not sound, whatever {@code
 * setExplicit} promises. So a buffer of Lathe is one {@code byte[]} that is always up to date when a kernel starts and
 * ends. Where the device works in the host's memory nothing is copied; elsewhere each launch copies the arrays that it
 * touches there and back, and {@code opencl} is the better backend. One array serves all element types (see {@link
 * org.lathe.backends.simt.bytecode.AparapiClass}), so arenas need no proof that types do not share bytes.
 *
 * <p><b>Falling back.</b> Aparapi runs a kernel on its thread pool when a device refuses it. Kernels are compiled for their
 * device before they run, which fails instead, and after each run Aparapi is asked where it ran: another place is an
 * error.
 */
@NullMarked
package org.lathe.backends.aparapi;

import org.jspecify.annotations.NullMarked;
