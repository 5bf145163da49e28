/** What a kernel computes: one record for each member of the kernel family. */
@NullMarked
package org.lathe.hal.spec;

import org.jspecify.annotations.NullMarked;
