package org.lathe.agreement;

import org.lathe.conformance.OpConformanceSuite;

/** Every op on every registered backend. */
class OpConformanceTest extends OpConformanceSuite {}
