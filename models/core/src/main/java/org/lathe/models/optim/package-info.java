/** How gradients change parameters: optimisers, learning rates, clipping and penalties, all traced into the step. */
@LibraryCode
@NullMarked
package org.lathe.models.optim;

import org.jspecify.annotations.NullMarked;
import org.lathe.compiler.trace.LibraryCode;
