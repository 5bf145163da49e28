/** The hardware abstraction layer: element types and shapes that all its parts share. */
@NullMarked
package org.lathe.hal;

import org.jspecify.annotations.NullMarked;
