package org.lathe.compiler.runtime;

import java.util.List;
import org.lathe.compiler.ir.Graph;
import org.lathe.compiler.lower.Donation;
import org.lathe.compiler.lower.LoweredGraph;
import org.lathe.compiler.lower.Lowerer;
import org.lathe.compiler.pass.PassObserver;
import org.lathe.compiler.pass.Pipeline;
import org.lathe.hal.device.Capabilities;

/** The passes and the lowering, as the runtime calls them. */
interface Toolchain {
  Graph optimise(Graph graph, Capabilities capabilities, PassObserver observer);

  LoweredGraph lower(Graph graph, Capabilities capabilities, List<Donation> donations);

  /** The product's own. */
  Toolchain STANDARD = new Toolchain() {
    @Override
    public Graph optimise(Graph graph, Capabilities capabilities, PassObserver observer) {
      return Pipeline.standard(capabilities).run(graph, observer);
    }

    @Override
    public LoweredGraph lower(Graph graph, Capabilities capabilities, List<Donation> donations) {
      return Lowerer.lower(graph, capabilities, donations);
    }
  };
}
