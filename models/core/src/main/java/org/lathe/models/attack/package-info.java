/** Attacks on classifiers of pictures, and defences against them. */
@LibraryCode
@NullMarked
package org.lathe.models.attack;

import org.jspecify.annotations.NullMarked;
import org.lathe.compiler.trace.LibraryCode;
