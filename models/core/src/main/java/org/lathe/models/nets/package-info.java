/** Architectures: modules from papers, to be trained by anyone; the zoo trains them on its data. */
@NullMarked
package org.lathe.models.nets;

import org.jspecify.annotations.NullMarked;
