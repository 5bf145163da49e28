/** Regression and perceptrons. */
@NullMarked
package org.lathe.models.zoo.regression;

import org.jspecify.annotations.NullMarked;
