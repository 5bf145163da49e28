/** What speed is measured on. */
@NullMarked
package org.lathe.models.bench;

import org.jspecify.annotations.NullMarked;
