/** What a run reports about itself. */
@NullMarked
package org.lathe.hal.profile;

import org.jspecify.annotations.NullMarked;
