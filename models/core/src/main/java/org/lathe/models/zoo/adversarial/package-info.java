/** Adversarial networks. */
@NullMarked
package org.lathe.models.zoo.adversarial;

import org.jspecify.annotations.NullMarked;
