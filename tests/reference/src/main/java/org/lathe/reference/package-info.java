/** The kernel family in float64, loop by loop, and what it takes to compare a backend with it. */
@NullMarked
package org.lathe.reference;

import org.jspecify.annotations.NullMarked;
