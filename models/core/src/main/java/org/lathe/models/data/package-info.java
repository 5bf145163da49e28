/** Data: made from seeds, and read from disk. */
@NullMarked
package org.lathe.models.data;

import org.jspecify.annotations.NullMarked;
