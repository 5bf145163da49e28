/** What a device is and what it can be asked to do. */
@NullMarked
package org.lathe.hal;

import org.jspecify.annotations.NullMarked;
