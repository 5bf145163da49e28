/** The zoo: models with their data, their training, and the bar that each has to reach. */
@NullMarked
package org.lathe.models.zoo;

import org.jspecify.annotations.NullMarked;
