package org.lathe.system;

import org.lathe.conformance.OpConformanceSuite;

/** Every op on every registered backend. */
class OpConformanceTest extends OpConformanceSuite {}
