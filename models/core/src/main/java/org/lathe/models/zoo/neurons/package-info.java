/** First neurons: threshold units, Hebbian and competitive learning. */
@NullMarked
package org.lathe.models.zoo.neurons;

import org.jspecify.annotations.NullMarked;
