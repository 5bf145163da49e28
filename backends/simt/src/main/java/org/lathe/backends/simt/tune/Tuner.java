package org.lathe.backends.simt.tune;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.lathe.backends.simt.plan.Traits;
import org.lathe.backends.simt.schedule.Schedules;
import org.lathe.backends.simt.schedule.Tuning;
import org.lathe.hal.device.DeviceLost;
import org.lathe.hal.device.HalException;
import org.lathe.hal.device.OutOfDeviceMemory;
import org.lathe.hal.device.Tunable;
import org.lathe.hal.device.Unsupported;
import org.lathe.hal.spec.KernelSpec;

/**
 * Finds the fastest form of kernels by running all of them. A form counts only if its results are those of the schedule's
 * first guess: a wrong kernel never wins. All are timed in turns, round by round, so that what else the machine does meets
 * them alike, and by their lower quartile, since what else it does only adds; a form takes the place of the one in use only
 * if it is faster beyond noise.
 */
public final class Tuner implements Tunable {
  private static final int ROUNDS = 9;
  private static final double ROUND_MICROS = 4_000;
  private static final int MOST_RUNS = 2_000;
  /** What a form must gain to take the place of the one in use. */
  private static final double GAIN = 0.97;
  /** A form so much slower than the best in a first round is not timed again. */
  private static final double HOPELESS = 1.6;

  private final Traits traits;
  private final TuningStore store;
  private final Laboratory laboratory;
  private final Runnable changed;
  private final LongSupplier nanoClock;

  /** @param changed told after each choice, so that plans made before are forgotten */
  public Tuner(Traits traits, TuningStore store, Laboratory laboratory, Runnable changed) {
    this(traits, store, laboratory, changed, System::nanoTime);
  }

  Tuner(Traits traits, TuningStore store, Laboratory laboratory, Runnable changed, LongSupplier nanoClock) {
    this.nanoClock = nanoClock;
    this.traits = traits;
    this.store = store;
    this.laboratory = laboratory;
    this.changed = changed;
  }

  @Override
  public int choices(KernelSpec spec) {
    return Schedules.refuses(spec, traits).isPresent() ? 0 : store.candidates(spec, traits).size();
  }

  /** A form with what it took, in microseconds. */
  private static final class Form {
    final Tuning tuning;
    final Laboratory.Trial trial;
    final double[] micros = new double[ROUNDS];
    int rounds;
    int runs = 1;

    Form(Tuning tuning, Laboratory.Trial trial) {
      this.tuning = tuning;
      this.trial = trial;
    }

    void time(LongSupplier nanoClock) {
      long start = nanoClock.getAsLong();
      trial.run(runs);
      micros[rounds++] = (nanoClock.getAsLong() - start) / 1e3 / runs;
    }

    double quartile() {
      double[] sorted = Arrays.copyOf(micros, rounds);
      Arrays.sort(sorted);
      return sorted[rounds / 4];
    }
  }

  @Override
  public synchronized Tuned tune(KernelSpec spec) {
    Optional<String> refused = Schedules.refuses(spec, traits);
    if (refused.isPresent()) {
      throw new Unsupported(spec, refused.get());
    }
    List<Tuning> candidates = store.candidates(spec, traits);
    Tuning inUse = store.choose(spec, traits);
    List<String> discarded = new ArrayList<>();
    List<Form> forms = new ArrayList<>();
    try (Laboratory.Bench bench = laboratory.set(spec, RandomInputs.of(spec))) {
      try {
        List<byte[]> expected = null;
        for (Tuning t : candidates) {
          Form form = prepare(bench, t, discarded);
          if (form == null) {
            continue;
          }
          List<byte[]> found = bench.outputs();
          if (expected == null) {
            expected = found;
          }
          Optional<String> difference = Agreement.difference(spec.outputs(), expected, found);
          if (difference.isPresent()) {
            discarded.add(t + ": " + difference.get());
            form.trial.close();
          } else {
            forms.add(form);
          }
        }
        return decide(spec, forms, inUse, discarded);
      } finally {
        forms.forEach(f -> f.trial.close());
      }
    }
  }

  /** A form that has run once; null, and the reason among the discarded, if it cannot. */
  private static @Nullable Form prepare(Laboratory.Bench bench, Tuning tuning, List<String> discarded) {
    Laboratory.Trial trial = null;
    try {
      trial = bench.prepare(tuning);
      bench.poison();
      trial.run(1);
      return new Form(tuning, trial);
    } catch (DeviceLost | OutOfDeviceMemory e) {
      close(trial);
      throw e;
    } catch (HalException e) {
      close(trial);
      discarded.add(tuning + ": " + e.getMessage());
      return null;
    }
  }

  private static void close(Laboratory.@Nullable Trial trial) {
    if (trial != null) {
      trial.close();
    }
  }

  private Tuned decide(KernelSpec spec, List<Form> forms, Tuning inUse, List<String> discarded) {
    if (forms.isEmpty()) {
      throw new Unsupported(spec, "none of its forms runs: " + String.join("; ", discarded));
    }
    for (Form f : forms) {
      f.time(nanoClock);
      f.runs = (int) Math.clamp(ROUND_MICROS / Math.max(0.5, f.micros[0]), 1, MOST_RUNS);
      f.rounds = 0;
      f.time(nanoClock);
    }
    double first = forms.stream().mapToDouble(Form::quartile).min().orElseThrow();
    for (int round = 1; round < ROUNDS; round++) {
      for (Form f : forms) {
        if (f.micros[0] <= HOPELESS * first || f.tuning.equals(inUse)) {
          f.time(nanoClock);
        }
      }
    }
    Form best = forms.stream().min(Comparator.comparingDouble(Form::quartile)).orElseThrow();
    // The one in use may be among the discarded: then what is right takes its place, however fast.
    Form before = forms.stream().filter(f -> f.tuning.equals(inUse)).findFirst().orElse(best);
    if (best.quartile() > GAIN * before.quartile()) {
      best = before;
    }
    store.put(spec, best.tuning);
    changed.run();
    return new Tuned(
        forms.size(), before.trial.variant(), before.quartile(), best.trial.variant(), best.quartile(), discarded);
  }
}
