/** The command line. */
@NullMarked
package org.lathe.cli;

import org.jspecify.annotations.NullMarked;
