/** Devices: memory, compiled programs, and how they are found. */
@NullMarked
package org.lathe.hal.device;

import org.jspecify.annotations.NullMarked;
