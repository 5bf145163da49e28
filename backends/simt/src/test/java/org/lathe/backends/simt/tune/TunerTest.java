package org.lathe.backends.simt.tune;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.ToLongFunction;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lathe.backends.simt.plan.Traits;
import org.lathe.backends.simt.schedule.Schedules;
import org.lathe.backends.simt.schedule.Tuning;
import org.lathe.hal.DType;
import org.lathe.hal.Dims;
import org.lathe.hal.device.DeviceLost;
import org.lathe.hal.device.KernelBuildFailed;
import org.lathe.hal.device.Tunable.Tuned;
import org.lathe.hal.device.Unsupported;
import org.lathe.hal.spec.Contraction;
import org.lathe.hal.spec.Epilogue;

import org.lathe.hal.spec.KernelSpec;
import org.lathe.hal.spec.View;

/** On a laboratory whose forms take the times, and give the results, that a test says. */
class TunerTest {
  private static final Traits CPU = new Traits(Traits.Form.CPU, 2, 16, 1, 1024, 1 << 20, 60, true);
  private static final int M = 64;

  @TempDir
  Path directory;

  private final KernelSpec spec = product(256);
  private final List<Tuning> forms = Schedules.candidates(spec, CPU);
  private final Fake fake = new Fake();
  private final SplittableRandom random = new SplittableRandom(7);
  private int changes;
  private long now;

  private static Contraction product(long k) {
    Dims space = Dims.of(M, M);
    return new Contraction(
        Dims.of(), M, M, k, View.dense(DType.F32, Dims.of(M, k)), View.dense(DType.F32, Dims.of(k, M)),
        Epilogue.store(DType.F32, View.dense(DType.F32, space)));
  }

  private TuningStore store() {
    return TuningStore.in(directory, new TunedDevice("a device", "somebody", "1.0", Traits.Form.CPU));
  }

  private Tuner tuner() {
    return new Tuner(CPU, store(), fake, () -> changes++, () -> now);
  }

  /** Time passes as a form is said to take. */
  private final class Fake implements Laboratory {
    ToLongFunction<Tuning> micros = t -> 50;
    final List<Tuning> wrong = new ArrayList<>();
    final List<Tuning> failing = new ArrayList<>();
    RuntimeException lost;
    int open;

    @Override
    public Bench set(KernelSpec kernel, List<byte[]> inputs) {
      open++;
      float[] sums = new float[M * M];
      return new Bench() {
        @Override
        public Trial prepare(Tuning tuning) {
          if (failing.contains(tuning)) {
            throw new KernelBuildFailed("k", "source", "registers ran out");
          }
          open++;
          return new Trial() {
            @Override
            public String variant() {
              return tuning.toString();
            }

            @Override
            public void run(int times) {
              if (lost != null) {
                throw lost;
              }
              for (int i = 0; i < sums.length; i++) {
                // Sums in another order differ a little.
                sums[i] = (float) (i * (1 + 1e-6 * forms.indexOf(tuning)));
              }
              if (wrong.contains(tuning)) {
                sums[sums.length - 1] = Float.NaN;
              }
              now += 1000L * times * micros.applyAsLong(tuning);
              // Now and then something else runs.
              now += random.nextInt(4) == 0 ? random.nextLong(20_000_000) : 0;
            }

            @Override
            public void close() {
              open--;
            }
          };
        }

        @Override
        public void poison() {}

        @Override
        public List<byte[]> outputs() {
          ByteBuffer bytes = ByteBuffer.allocate(4 * sums.length).order(ByteOrder.LITTLE_ENDIAN);
          for (float s : sums) {
            bytes.putFloat(s);
          }
          return List.of(bytes.array());
        }

        @Override
        public void close() {
          open--;
        }
      };
    }
  }

  @Test
  void theFastestFormIsKeptAndUsed() {
    assertTrue(forms.size() > 2, forms.toString());
    Tuning fastest = forms.get(2);
    fake.micros = t -> t.equals(fastest) ? 100 : 400;
    Tuned t = tuner().tune(spec);
    assertEquals(fastest.toString(), t.after());
    assertNotEquals(t.before(), t.after());
    assertTrue(t.afterMicros() < t.beforeMicros() / 2, t.toString());
    assertEquals(forms.size(), t.tried());
    assertEquals(fastest, store().choose(spec, CPU), "another process");
    assertEquals(Schedules.candidates(product(255), CPU).getFirst(), store().choose(product(255), CPU), "others stay");
    assertEquals(1, changes);
    assertEquals(0, fake.open);
    Tuned again = tuner().tune(spec);
    assertEquals(again.before(), again.after());
  }

  @Test
  void aWrongFormNeverWins() {
    Tuning wrong = forms.get(1);
    Tuning second = forms.get(2);
    fake.wrong.add(wrong);
    fake.micros = t -> t.equals(wrong) ? 20 : t.equals(second) ? 100 : 400;
    Tuned t = tuner().tune(spec);
    assertEquals(second.toString(), t.after());
    assertEquals(1, t.discarded().size());
    assertTrue(t.discarded().getFirst().contains("output 0 differs at element 4095: NaN"), t.toString());
    assertEquals(0, fake.open);
  }

  @Test
  void aWrongFormInUseIsReplacedByASlowerOne() {
    Tuning wrong = forms.get(1);
    store().put(spec, wrong);
    fake.wrong.add(wrong);
    fake.micros = t -> t.equals(wrong) ? 20 : 200;
    tuner().tune(spec);
    assertNotEquals(wrong, store().choose(spec, CPU));
  }

  @Test
  void aFormThatDoesNotBuildIsLeftOut() {
    fake.failing.add(forms.get(0));
    fake.failing.add(forms.get(2));
    Tuned t = tuner().tune(spec);
    assertEquals(forms.size() - 2, t.tried());
    assertEquals(2, t.discarded().size());
    assertTrue(t.discarded().getFirst().contains("registers ran out"), t.toString());
    fake.failing.addAll(forms);
    assertThrows(Unsupported.class, () -> tuner().tune(spec));
    assertEquals(0, fake.open);
  }

  @Test
  void aLostDeviceEndsTheTuning() {
    fake.lost = new DeviceLost("opencl:0", "it is gone");
    assertThrows(DeviceLost.class, () -> tuner().tune(spec));
    assertEquals(0, fake.open);
    assertEquals(0, changes);
  }

  /** Half as noisy as the difference that counts: what is in use stays. */
  @Test
  void whatIsAsFastStays() {
    fake.micros = t -> t.equals(forms.getLast()) ? 995 : 1000;
    Tuned t = tuner().tune(spec);
    assertEquals(forms.getFirst().toString(), t.after());
  }

  @Test
  void whatIsRefusedHasNoForms() {
    Traits narrow = new Traits(Traits.Form.CPU, 2, 16, 1, 1024, 1 << 20, 2, true);
    Tuner tuner = new Tuner(narrow, store(), fake, () -> changes++, () -> now);
    assertEquals(0, tuner.choices(spec));
    assertThrows(Unsupported.class, () -> tuner.tune(spec));
    assertFalse(tuner().choices(spec) < 2);
  }
}
