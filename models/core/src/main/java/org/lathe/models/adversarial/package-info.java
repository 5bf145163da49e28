/**
 * Adversarial training: losses, constraints on critics, noise and schedules as parts, and the steps that two networks learn
 * by against each other.
 */
@NullMarked
package org.lathe.models.adversarial;

import org.jspecify.annotations.NullMarked;
