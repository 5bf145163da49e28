/** Normalising flows. */
@NullMarked
package org.lathe.models.zoo.flows;

import org.jspecify.annotations.NullMarked;
