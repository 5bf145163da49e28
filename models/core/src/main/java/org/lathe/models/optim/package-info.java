/** How gradients change parameters: optimisers, learning rates, clipping and penalties, all traced into the step. */
@NullMarked
package org.lathe.models.optim;

import org.jspecify.annotations.NullMarked;
