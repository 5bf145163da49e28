/** The API: devices, arrays on them, and traced functions compiled for them. */
@NullMarked
package org.lathe.compiler.runtime;

import org.jspecify.annotations.NullMarked;
