/** JMH benchmarks: single kernels and calls on a device, below the compiler. {@code tests/bench/run} starts them. */
package org.lathe.bench;
