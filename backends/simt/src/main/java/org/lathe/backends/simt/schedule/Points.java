package org.lathe.backends.simt.schedule;

import java.util.List;
import java.util.function.Consumer;
import org.lathe.backends.simt.ir.Value;
import org.lathe.backends.simt.ir.Values;
import org.lathe.backends.simt.plan.KernelPlan;
import org.lathe.backends.simt.plan.LaunchBuilder;
import org.lathe.backends.simt.plan.Launch;
import org.lathe.backends.simt.plan.Site;
import org.lathe.hal.Dims;
import org.lathe.hal.spec.View;

/**
 * A kernel that does the same at each point of a space. GPUs take a work item for each point, or for four neighbours along
 * the last dimension where that is allowed and there are many; CPUs and pipelines sweep.
 */
final class Points {
  private static final int GROUP = 256;
  private static final int GPU_LANES = 4;
  /** Points for each compute unit from which on a GPU has no work items to spare for single points. */
  private static final long MANY = 8192;

  private final LaunchBuilder k;
  private final Site site;
  private final Dims space;
  private final List<View> views;
  private final int lanes;
  private final boolean mayRepeat;
  private int tileDim = -1;

  /**
   * @param views what is accessed at the points, for lines to be cut where guards begin and end
   * @param lanes the most points at once along the last dimension on a CPU; 1 forbids vectors everywhere
   * @param mayRepeat whether a work item may visit a point twice
   */
  Points(LaunchBuilder k, Site site, Dims space, List<View> views, int lanes, boolean mayRepeat) {
    this.k = k;
    this.site = site;
    this.space = space;
    this.views = views;
    this.lanes = lanes;
    this.mayRepeat = mayRepeat;
  }

  /** Has CPUs go through tiles, as {@link Sweep#tiledAlong}. */
  Points tiledAlong(int d) {
    tileDim = d;
    return this;
  }

  /** A launch with this body at each point or vector of points. */
  Launch launch(double operations, Consumer<Cursor> body) {
    if (!site.traits().isGpu()) {
      Sweep sweep = new Sweep(k, space, site.traits().isCpu() ? lanes : 1, views, mayRepeat)
          .tiledAlong(tileDim);
      return k.launch(sweep.emit(Sweep.items(site.traits(), operations), body), 1);
    }
    int last = space.rank() - 1;
    int wide = wide() ? GPU_LANES : 1;
    Dims vectors = wide == 1 ? space : space.with(last, space.get(last) / wide);
    long items = vectors.product();
    long group = Math.min(GROUP, site.traits().maxGroup());
    Value item = Accesses.item(k, items, group);
    k.when(Values.less(item, items), () -> {
      List<Value> at = Accesses.coordinates(k, item, vectors);
      body.accept(wide == 1
          ? Cursor.at(space, at)
          : Cursor.at(space, at).run(last, k.let("i", Values.mul(at.getLast(), wide)), wide));
    });
    return k.launch(items, group);
  }

  KernelPlan plan(double operations, Consumer<Cursor> body) {
    Launch launch = launch(operations, body);
    return KernelPlan.of(
        launch.global().product() + " work items over " + space + (lanes == 1 ? "" : ", vectors of " + lanes), launch);
  }

  /** Whether vectors along the last dimension pay on a GPU. */
  private boolean wide() {
    int last = space.rank() - 1;
    if (lanes == 1 || last < 0 || space.get(last) % GPU_LANES != 0
        || space.product() < MANY * site.traits().computeUnits()) {
      return false;
    }
    return views.stream().allMatch(v -> (v.strides().get(last) == 0 || v.strides().get(last) == 1)
        && !Nest.isGuarded(v, last, space.get(last)));
  }
}
