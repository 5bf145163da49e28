package org.lathe.backends.simt.schedule;

import java.util.List;
import java.util.function.BiConsumer;
import org.lathe.backends.simt.ir.Value;
import org.lathe.backends.simt.ir.Values;
import org.lathe.backends.simt.plan.Launch;
import org.lathe.backends.simt.plan.LaunchBuilder;
import org.lathe.backends.simt.plan.Site;
import org.lathe.hal.Dims;

/** The plainest form of a heavy kernel: each point of the output by itself. */
final class PointForm {
  private static final int GROUP = 64;

  private PointForm() {}

  /**
   * A work item for each point of the space.
   *
   * @param body what it does, by the point's number and its coordinates
   */
  static Launch launch(LaunchBuilder k, Site site, Dims space, BiConsumer<Value, List<Value>> body) {
    long points = space.product();
    long group = Math.min(GROUP, site.traits().maxGroup());
    Value item = Accesses.item(k, points, group);
    k.when(Values.less(item, points), () -> body.accept(item, Accesses.coordinates(k, item, space)));
    return k.launch(points, group);
  }
}
