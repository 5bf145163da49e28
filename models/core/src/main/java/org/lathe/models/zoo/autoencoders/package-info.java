/** Autoencoders. */
@NullMarked
package org.lathe.models.zoo.autoencoders;

import org.jspecify.annotations.NullMarked;
