/** Energy-based models: Boltzmann machines and what is made of them. */
@NullMarked
package org.lathe.models.zoo.energy;

import org.jspecify.annotations.NullMarked;
