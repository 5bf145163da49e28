/** What several families of the zoo share: data, judges, pictures. */
@NullMarked
package org.lathe.models.zoo.parts;

import org.jspecify.annotations.NullMarked;
