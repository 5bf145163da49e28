package org.lathe.backends.simt.schedule;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.lathe.backends.simt.plan.KernelPlan;
import org.lathe.backends.simt.plan.Site;
import org.lathe.backends.simt.plan.Traits;
import org.lathe.hal.spec.Attention;
import org.lathe.hal.spec.Attention.Form;

/** Attention by tiles of scores, which are nowhere stored whole. */
final class AttentionSchedule implements Schedule<Attention> {
  /** The bytes that a work item's arrays may take where it has a core. */
  static final long CORE_BYTES = 256 << 10;

  @Override
  public Optional<String> refuses(Attention spec, Traits traits) {
    long rows = spec.batch() * spec.heads() * Math.max(spec.queries(), spec.keys());
    if (traits.isGpu() && tiles(spec, traits).isEmpty()) {
      return Optional.of("no tile fits in " + traits.localBytes() + " bytes of local memory");
    }
    long most = Math.max(Math.max(rows, spec.width()), spec.valueWidth());
    return most > Integer.MAX_VALUE / 2
        ? Optional.of("an attention of " + rows + " rows, " + spec.width() + " wide")
        : Optional.empty();
  }

  @Override
  public List<Tuning> candidates(Attention spec, Traits traits) {
    return switch (traits.form()) {
      case PIPELINE -> List.of(lanes(1, 1, 16));
      case CPU -> List.of(lanes(2, 8, 32), lanes(2, 8, 64), lanes(3, 6, 48), lanes(2, 12, 48), lanes(1, 8, 64));
      case GPU -> tiles(spec, traits);
    };
  }

  private static Tuning lanes(int vectors, int rows, int tile) {
    return Tuning.of(Map.of("vectors", vectors, "rows", rows, "tile", tile));
  }

  /** Blocks that are not much larger than what there is to be owned, the largest first. */
  private static List<Tuning> tiles(Attention spec, Traits traits) {
    long owned = spec.form() == Form.FORWARD ? spec.queries() : Math.max(spec.queries(), spec.keys());
    List<Tuning> all = new ArrayList<>();
    for (int[] s : new int[][]{{16, 4, 4}, {16, 4, 2}, {16, 2, 2}, {8, 4, 4}, {8, 2, 2}, {8, 1, 1}, {4, 2, 2},
        {4, 1, 1}}) {
      AttentionTiles.Sizes sizes = new AttentionTiles.Sizes(s[0], s[1], s[2]);
      if (sizes.fits(spec.dtype(), traits) && (sizes.block() < 2 * owned || s[0] * s[1] <= 8)) {
        all.add(Tuning.of(Map.of("side", s[0], "rows", s[1], "columns", s[2])));
      }
    }
    return all;
  }

  @Override
  public KernelPlan plan(Attention spec, Site site, Tuning tuning) {
    boolean forward = spec.form() == Form.FORWARD;
    if (spec.batch() * spec.heads() == 0 || forward && spec.queries() == 0 || spec.queries() + spec.keys() == 0) {
      return KernelPlan.nothing();
    }
    AttentionShape shape = new AttentionShape(spec);
    if (site.traits().isGpu()) {
      return forward
          ? AttentionTilesForward.plan(shape, site, tuning)
          : AttentionTilesBackward.plan(shape, site, tuning);
    }
    return forward
        ? new AttentionLanesForward(shape, site, tuning).plan()
        : AttentionLanesBackward.plan(shape, site, tuning);
  }
}
