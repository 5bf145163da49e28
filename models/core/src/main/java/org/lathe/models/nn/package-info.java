/** Layers: modules with named parameters. */
@NullMarked
package org.lathe.models.nn;

import org.jspecify.annotations.NullMarked;
