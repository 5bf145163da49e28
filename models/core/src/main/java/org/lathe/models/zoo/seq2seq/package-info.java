/** Sequence to sequence. */
@NullMarked
package org.lathe.models.zoo.seq2seq;

import org.jspecify.annotations.NullMarked;
