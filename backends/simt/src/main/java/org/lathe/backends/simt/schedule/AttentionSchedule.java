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
      case GPU -> List.of(lanes(1, 1, 16));
    };
  }

  private static Tuning lanes(int vectors, int rows, int tile) {
    return Tuning.of(Map.of("vectors", vectors, "rows", rows, "tile", tile));
  }

  @Override
  public KernelPlan plan(Attention spec, Site site, Tuning tuning) {
    boolean forward = spec.form() == Form.FORWARD;
    if (spec.batch() * spec.heads() == 0 || forward && spec.queries() == 0 || spec.queries() + spec.keys() == 0) {
      return KernelPlan.nothing();
    }
    AttentionShape shape = new AttentionShape(spec);
    return forward
        ? new AttentionLanesForward(shape, site, tuning).plan()
        : AttentionLanesBackward.plan(shape, site, tuning);
  }
}
