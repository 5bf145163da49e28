/** Layers: modules with named parameters. */
@LibraryCode
@NullMarked
package org.lathe.models.nn;

import org.jspecify.annotations.NullMarked;
import org.lathe.compiler.trace.LibraryCode;
