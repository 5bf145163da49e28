/** What every backend has to satisfy, as tests that it joins with one registration. */
@NullMarked
package org.lathe.conformance;

import org.jspecify.annotations.NullMarked;
