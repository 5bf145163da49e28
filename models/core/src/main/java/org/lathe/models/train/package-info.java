/** Training: steps as one graph each, the state that they change, batches, checkpoints, and the loop over epochs. */
@LibraryCode
@NullMarked
package org.lathe.models.train;

import org.jspecify.annotations.NullMarked;
import org.lathe.compiler.trace.LibraryCode;
