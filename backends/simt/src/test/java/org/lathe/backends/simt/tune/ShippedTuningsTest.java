package org.lathe.backends.simt.tune;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.lathe.backends.simt.PlanCheck;
import org.lathe.backends.simt.plan.KernelPlan;
import org.lathe.backends.simt.plan.Site;
import org.lathe.backends.simt.plan.Traits;
import org.lathe.backends.simt.schedule.RandomHeavyKernels;
import org.lathe.backends.simt.schedule.Schedules;
import org.lathe.backends.simt.schedule.Tuning;
import org.lathe.backends.simt.verify.KernelVerifier;
import org.lathe.hal.DType;
import org.lathe.hal.Dims;
import org.lathe.hal.spec.Attention;
import org.lathe.hal.spec.Contraction;
import org.lathe.hal.spec.Convolution;
import org.lathe.hal.spec.Epilogue;
import org.lathe.hal.spec.KernelSpec;
import org.lathe.hal.spec.Recurrence;
import org.lathe.hal.spec.View;

/**
 * The choices that Lathe ships are taken by devices of their kind, are legal there, and compute what they should. A new line
 * needs a kernel here that takes it.
 */
class ShippedTuningsTest {
  /** A device that says what it is, and what its limits are. */
  private record Machine(TunedDevice device, Traits traits) {
    @Override
    public String toString() {
      return device.name();
    }
  }

  /** As small as the generic lines take a GPU to be, but for the group, of which schedules take what they need. */
  private static final Machine GENERIC = new Machine(
      new TunedDevice("Some GPU", "Somebody", "1.0", Traits.Form.GPU),
      new Traits(Traits.Form.GPU, 8, 1, 32, 256, 16 << 10, 60, true));
  private static final Machine NVIDIA = new Machine(
      new TunedDevice("NVIDIA RTX", "NVIDIA Corporation", "550.1", Traits.Form.GPU),
      new Traits(Traits.Form.GPU, 82, 1, 32, 1024, 48 << 10, 255, true));
  /** One with a single multiprocessor, so that small kernels fill it. */
  private static final Machine SMALL_NVIDIA = new Machine(
      new TunedDevice("NVIDIA small", "NVIDIA Corporation", "550.1", Traits.Form.GPU),
      new Traits(Traits.Form.GPU, 1, 1, 32, 1024, 48 << 10, 255, true));
  private static final Machine CPU = new Machine(
      new TunedDevice("Some CPU", "Somebody", "1.0", Traits.Form.CPU),
      new Traits(Traits.Form.CPU, 4, 16, 1, 4096, 512 << 10, 60, true));

  @TempDir
  private Path empty;

  static Stream<Machine> machines() {
    return Stream.of(GENERIC, NVIDIA, SMALL_NVIDIA, CPU);
  }

  private static Epilogue store(DType dtype, Dims space) {
    return Epilogue.store(dtype, View.dense(dtype, space));
  }

  private static Contraction product(DType t, long batch, long m, long n, long k) {
    return new Contraction(
        Dims.of(batch), m, n, k, View.dense(t, Dims.of(batch, m, k)), View.dense(t, Dims.of(batch, k, n)),
        store(t, Dims.of(batch, m, n)));
  }

  private static Convolution convolution(Convolution.Form form, long b, long c, long side, long f, long kernel) {
    Convolution.Geometry g = new Convolution.Geometry(
        b, c, side, side, f, side, side, kernel, kernel, 1, 1, kernel / 2, kernel / 2, 1, 1, 1);
    Dims space = switch (form) {
      case FORWARD -> g.resultShape();
      case DATA_GRADIENT -> g.dataShape();
      case FILTER_GRADIENT -> g.filterShape();
    };
    return new Convolution(
        form, g, View.dense(DType.F32, form == Convolution.Form.DATA_GRADIENT ? g.resultShape() : g.dataShape()),
        View.dense(DType.F32, form == Convolution.Form.FILTER_GRADIENT ? g.resultShape() : g.filterShape()),
        store(DType.F32, space));
  }

  private static Attention attention(Attention.Form form, DType t, long heads, long length, long width) {
    View view = View.dense(t, Dims.of(1, heads, length, width));
    return new Attention(form, 1, heads, length, length, width, width, false, 0.125, view, view, view, null, view);
  }

  /** From tiny to as large as they are trained. */
  private static List<KernelSpec> specs() {
    List<KernelSpec> specs = new ArrayList<>();
    for (DType t : List.of(DType.F32, DType.F64)) {
      specs.add(product(t, 1, 3, 13, 17));
      specs.add(product(t, 1, 33, 207, 65));
      specs.add(product(t, 12, 64, 64, 64));
      specs.add(product(t, 1, 64, 120, 400));
      specs.add(product(t, 1, 1024, 1024, 1024));
      specs.add(product(t, 1, 4096, 4096, 4096));
      for (Attention.Form form : Attention.Form.values()) {
        for (long length : new long[]{3, 17, 64, 1024}) {
          specs.add(attention(form, t, 4, length, 64));
        }
      }
    }
    for (Convolution.Form form : Convolution.Form.values()) {
      specs.add(convolution(form, 1, 1, 5, 3, 3));
      specs.add(convolution(form, 16, 6, 14, 16, 5));
      specs.add(convolution(form, 64, 64, 56, 64, 3));
      specs.add(convolution(form, 256, 64, 56, 256, 3));
    }
    for (Recurrence.Cell cell : Recurrence.Cell.values()) {
      for (Recurrence.Form form : Recurrence.Form.values()) {
        specs.add(new Recurrence(cell, form, DType.F32, 12, 64, 64, false));
        specs.add(new Recurrence(cell, form, DType.F32, 3, 2, 13, false));
        specs.add(new Recurrence(cell, form, DType.F32, 35, 64, 512, false));
      }
    }
    return specs;
  }

  private Tuning chosen(Machine m, KernelSpec spec) {
    return TuningStore.in(empty, m.device()).choose(spec, m.traits());
  }

  private static List<String> lines() throws IOException {
    try (InputStream in = TuningDefaults.class.getResourceAsStream("defaults.txt")) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8).lines().map(l -> l.replaceFirst("#.*", "").strip())
          .filter(l -> !l.isEmpty()).toList();
    }
  }

  @Test
  void everyLineIsTakenBySomeKernel() throws IOException {
    List<String> before = new ArrayList<>();
    for (String line : lines()) {
      String kind = line.split(" +")[0];
      TuningDefaults alone = TuningDefaults.parse(line);
      TuningDefaults earlier = TuningDefaults.parse(String.join("\n", before));
      boolean taken = machines().filter(m -> m.device().kinds().getFirst().equals(kind)).anyMatch(
          m -> specs().stream().anyMatch(spec -> {
            List<Tuning> candidates = Schedules.candidates(spec, m.traits());
            List<String> only = List.of(kind);
            Optional<Tuning> found = alone.choose(spec, candidates, only);
            return candidates.size() > 1 && found.isPresent() && earlier.choose(spec, candidates, only).isEmpty()
                && chosen(m, spec).equals(found.get());
          }));
      assertTrue(taken, "no kernel takes the line '" + line + "'");
      before.add(line);
    }
  }

  @ParameterizedTest
  @MethodSource("machines")
  void choicesAreLegalAtEverySize(Machine m) {
    for (KernelSpec spec : specs()) {
      Tuning tuning = chosen(m, spec);
      assertTrue(Schedules.candidates(spec, m.traits()).contains(tuning), m + ": " + spec + ": " + tuning);
      KernelPlan plan = Schedules.plan(spec, Site.of(m.traits()), tuning);
      assertEquals(List.of(), KernelVerifier.verify(plan, spec, m.traits()), () -> m + ": " + spec + ": " + tuning);
    }
  }

  /** No more sums than fit into 64 registers, whatever the size; groups of 64 where the schedule offers them. */
  @Test
  void aGpuOfWhichNothingIsKnownIsTakenForASmallOne() {
    for (KernelSpec spec : specs()) {
      var choices = chosen(GENERIC, spec).choices();
      if (spec instanceof Contraction || spec instanceof Convolution) {
        assertTrue(choices.getOrDefault("rows", 1) * choices.getOrDefault("columns", 1) <= 16, spec + ": " + choices);
      }
      if (spec instanceof Attention) {
        assertTrue(choices.get("side") <= 8 && choices.get("rows") <= 2, spec + ": " + choices);
      }
    }
  }

  @Test
  void largeProductsOnNvidiaTakeLargeTiles() {
    for (KernelSpec spec : List.of(
        product(DType.F32, 1, 4096, 4096, 4096), convolution(Convolution.Form.FORWARD, 256, 64, 56, 256, 3))) {
      var choices = chosen(NVIDIA, spec).choices();
      assertEquals(List.of(16, 16, 8, 8), List.of(
          choices.get("down"), choices.get("across"), choices.get("rows"), choices.get("columns")), spec.toString());
    }
    assertEquals(16, chosen(NVIDIA, attention(Attention.Form.FORWARD, DType.F32, 4, 1024, 64)).get("side"));
    assertEquals(0, chosen(NVIDIA, product(DType.F32, 1, 3, 13, 17)).get("form"));
    assertEquals(3, chosen(NVIDIA, product(DType.F32, 1, 64, 120, 400)).get("form"));
  }

  /** All forms that these devices may take, the shipped ones among them, in the interpreter. */
  @ParameterizedTest
  @MethodSource("machines")
  void choicesComputeWhatTheirKernelsSay(Machine m) {
    long first = new Random().nextLong();
    for (var kind : RandomHeavyKernels.kinds().entrySet()) {
      for (long seed = first; seed < first + 4; seed++) {
        KernelSpec spec = kind.getValue().apply(new RandomHeavyKernels(seed, 2500));
        try {
          PlanCheck.check(spec, m.traits(), seed);
        } catch (AssertionError | RuntimeException e) {
          throw new AssertionError(kind.getKey() + " of seed " + seed + "L on " + m + ": " + e.getMessage(), e);
        }
      }
    }
    // Of odd sizes beyond one tile of the largest.
    for (KernelSpec spec : List.of(
        product(DType.F32, 1, 131, 133, 17), convolution(Convolution.Form.FORWARD, 3, 3, 9, 5, 3),
        attention(Attention.Form.FORWARD, DType.F32, 1, 67, 20),
        attention(Attention.Form.BACKWARD, DType.F32, 1, 65, 13))) {
      assertTrue(Schedules.candidates(spec, m.traits()).contains(chosen(m, spec)));
      PlanCheck.check(spec, m.traits(), first);
    }
  }
}
