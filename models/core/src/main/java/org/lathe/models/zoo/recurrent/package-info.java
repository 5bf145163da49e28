/** Recurrent networks. */
@NullMarked
package org.lathe.models.zoo.recurrent;

import org.jspecify.annotations.NullMarked;
