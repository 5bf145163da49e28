/** From a traced model to a program of kernels. */
@NullMarked
package org.lathe.compiler;

import org.jspecify.annotations.NullMarked;
