/**
 * Lathe on Aparapi 3: its OpenCL devices as {@code aparapi:0} and on, its Java thread pool as {@code aparapi-jtp:0}.
 *
 * <p><b>Memory.</b> Aparapi takes arrays of the Java heap only, an OpenCL buffer for each array and kernel, and it makes
 * such a buffer anew, from what the array holds, whenever the garbage collector has moved the array. Results that stay on
 * a device of its own between kernels would then be lost without a word: keeping data there is not sound, whatever {@code
 * setExplicit} promises. So a buffer of Lathe is one {@code byte[]} that is always up to date when a kernel starts and
 * ends. Where the device works in the host's memory, as CPUs do, nothing is copied; elsewhere each launch copies the
 * arrays that it touches there and back, and {@code opencl} is the better backend. One array serves all element types (see
 * {@link org.lathe.backends.simt.bytecode.AparapiClass}), so arenas need no proof that types do not share bytes.
 *
 * <p><b>Routes.</b> Each kernel has two: a class that Aparapi translates, or OpenCL C through its binding of foreign
 * source. {@link org.lathe.backends.aparapi.Route} says which is taken, and why.
 *
 * <p><b>Falling back.</b> Aparapi runs a kernel on its thread pool when a device refuses it. Kernels are compiled for their
 * device before they run, which fails instead, and after each run Aparapi is asked where it ran: another place is an
 * error.
 */
@NullMarked
package org.lathe.backends.aparapi;

import org.jspecify.annotations.NullMarked;
