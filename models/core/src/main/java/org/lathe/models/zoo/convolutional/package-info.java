/** Convolutional networks. */
@NullMarked
package org.lathe.models.zoo.convolutional;

import org.jspecify.annotations.NullMarked;
