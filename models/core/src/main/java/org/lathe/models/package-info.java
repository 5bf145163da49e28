/** Layers, optimisers, data, training and the zoo. */
@NullMarked
package org.lathe.models;

import org.jspecify.annotations.NullMarked;
