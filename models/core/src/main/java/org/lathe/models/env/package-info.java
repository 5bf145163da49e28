/** Environments in which agents act, with Gymnasium's vocabulary. */
@NullMarked
package org.lathe.models.env;

import org.jspecify.annotations.NullMarked;
