/** Agents that learn by reinforcement. */
@NullMarked
package org.lathe.models.zoo.agents;

import org.jspecify.annotations.NullMarked;
