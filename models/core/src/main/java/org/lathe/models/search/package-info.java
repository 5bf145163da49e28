/** Search of hyperparameters: over a grid, at random, one at a time, and by a model of the results so far. */
@NullMarked
package org.lathe.models.search;

import org.jspecify.annotations.NullMarked;
