/** Autoregressive pictures. */
@NullMarked
package org.lathe.models.zoo.autoregressive;

import org.jspecify.annotations.NullMarked;
