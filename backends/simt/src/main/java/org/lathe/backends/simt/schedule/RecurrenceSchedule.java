package org.lathe.backends.simt.schedule;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.lathe.backends.simt.plan.KernelPlan;
import org.lathe.backends.simt.plan.Site;
import org.lathe.backends.simt.plan.Traits;
import org.lathe.hal.spec.Recurrence;
import org.lathe.hal.spec.Recurrence.Form;

/** Recurrences: one launch for the sequence where a work item has a core or a cache holds the weights, else
 * one launch a step. */
final class RecurrenceSchedule implements Schedule<Recurrence> {
  /** The bytes of weights that a multiprocessor's first cache holds beside the rest. */
  private static final long CACHED_WEIGHTS = 128 << 10;

  @Override
  public Optional<String> refuses(Recurrence spec, Traits traits) {
    long most = Math.max(Math.max(spec.steps(), spec.batch()), 5 * spec.hidden());
    return most > Integer.MAX_VALUE
        ? Optional.of("a recurrence with a dimension of " + most)
        : Optional.empty();
  }

  @Override
  public List<Tuning> candidates(Recurrence spec, Traits traits) {
    return switch (traits.form()) {
      case PIPELINE -> List.of(tile(1, spec.form() == Form.FORWARD && spec.cell() != Recurrence.Cell.PLAIN
          ? spec.cell().gates()
          : 1));
      case CPU -> cpu(spec, traits);
      case GPU -> gpu(spec, traits);
    };
  }

  private static Tuning tile(int rows, int vectors) {
    return Tuning.of(Map.of("rows", rows, "vectors", vectors));
  }

  private static List<Tuning> cpu(Recurrence spec, Traits traits) {
    int lanes = Lanes.of(spec.dtype(), traits, spec.hidden());
    int most = (int) Math.clamp(Math.ceilDiv(spec.hidden(), lanes), 1, 4);
    if (spec.form() == Form.BACKWARD) {
      return most == 1
          ? List.of(tile(8, 1))
          : most < 4 ? List.of(tile(8, 2), tile(8, 1)) : List.of(tile(8, 2), tile(4, 4), tile(6, 4), tile(12, 2));
    }
    return switch (spec.cell()) {
      case PLAIN -> most == 1 ? List.of(tile(8, 1)) : List.of(tile(8, 2), tile(4, Math.min(4, most)));
      case LSTM -> List.of(tile(8, 2), tile(4, 4), tile(6, 4), tile(12, 2));
      case GRU -> List.of(tile(8, 3), tile(6, 3), tile(4, 3));
    };
  }

  /** The whole sequence in one launch first, where a cache of each multiprocessor holds the weights. */
  private static List<Tuning> gpu(Recurrence spec, Traits traits) {
    List<Tuning> groups = new ArrayList<>();
    long rows = Math.clamp(spec.batch() / traits.computeUnits(), 1, 4);
    for (int r : new int[]{Integer.highestOneBit((int) rows), 4, 1}) {
      Tuning tuning = Tuning.of(Map.of("sequence", 1, "rows", r));
      if (RecurrenceGroups.localBytes(spec, r) <= traits.localBytes() && !groups.contains(tuning)) {
        groups.add(tuning);
      }
    }
    List<Tuning> steps = new ArrayList<>();
    for (int[] shape : new int[][]{{1, 16}, {2, 8}, {4, 8}, {2, 4}, {1, 8}, {1, 4}}) {
      long least = RecurrenceSteps.localBytes(spec, shape[0] * shape[1], 4);
      if (RecurrenceSteps.UNITS * shape[1] <= traits.maxGroup() && least <= traits.localBytes()) {
        steps.add(Tuning.of(Map.of("sequence", 0, "rows", shape[0], "items", shape[1])));
      }
    }
    if (steps.isEmpty() && groups.isEmpty()) {
      return List.of(Tuning.of(Map.of("sequence", 0, "rows", 1, "items", 1)));
    }
    long weightBytes = spec.cell().gates() * spec.hidden() * spec.hidden() * spec.dtype().bytes();
    boolean cached = weightBytes <= CACHED_WEIGHTS;
    List<Tuning> all = new ArrayList<>(cached ? groups : steps);
    all.addAll(cached ? steps : groups);
    return all;
  }

  @Override
  public KernelPlan plan(Recurrence spec, Site site, Tuning tuning) {
    boolean forward = spec.form() == Form.FORWARD;
    if (spec.batch() == 0 || spec.hidden() == 0 || forward && spec.steps() == 0) {
      return KernelPlan.nothing();
    }
    RecurrenceShape shape = new RecurrenceShape(spec);
    if (site.traits().isGpu() && tuning.get("sequence") == 1) {
      RecurrenceGroups groups = new RecurrenceGroups(shape, site, tuning);
      return forward ? groups.forward() : groups.backward();
    }
    if (site.traits().isGpu()) {
      RecurrenceSteps steps = new RecurrenceSteps(shape, site, tuning);
      return forward ? steps.forward() : steps.backward();
    }
    return (forward ? new RecurrenceRowsForward(shape, site, tuning) : new RecurrenceRowsBackward(shape, site, tuning))
        .plan();
  }
}
