/** Linear algebra: in float64 on the host, to hold models against; and small systems traced into steps. */
@NullMarked
package org.lathe.models.linalg;

import org.jspecify.annotations.NullMarked;
