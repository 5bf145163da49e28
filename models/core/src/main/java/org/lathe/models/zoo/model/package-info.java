/** What a model of the zoo is: how it is described, trained, run, checked and timed. */
@NullMarked
package org.lathe.models.zoo.model;

import org.jspecify.annotations.NullMarked;
