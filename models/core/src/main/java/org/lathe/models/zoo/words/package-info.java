/** Word vectors. */
@NullMarked
package org.lathe.models.zoo.words;

import org.jspecify.annotations.NullMarked;
