/** Training: steps as one graph each, the state that they change, batches, checkpoints, and the loop over epochs. */
@NullMarked
package org.lathe.models.train;

import org.jspecify.annotations.NullMarked;
