/** Checks of programs, and of how a device is used. */
@NullMarked
package org.lathe.hal.validate;

import org.jspecify.annotations.NullMarked;
