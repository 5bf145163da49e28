/** From a graph to a program of kernels: fusion, kernel building, memory planning. */
@NullMarked
package org.lathe.compiler.lower;

import org.jspecify.annotations.NullMarked;
