package org.lathe.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import org.lathe.compiler.runtime.Compilation;
import org.lathe.hal.device.CommandBuffer.KernelTiming;
import org.lathe.hal.device.Prepared.KernelReport;
import org.lathe.hal.profile.ChromeTrace;
import org.lathe.models.bench.Workload;

/** Where the time of a step goes: how long each kernel takes, as the median of several profiled steps. */
final class KernelShares {
  private static final int STEPS = 11;

  /**
   * One kernel of a step.
   *
   * @param micros that it ran in a step, all rounds of a loop together
   * @param share of the time of all kernels of the step
   */
  record KernelShare(KernelReport kernel, double micros, double share) {}

  private final List<Compilation> compilations;
  private final List<List<List<KernelTiming>>> steps = new ArrayList<>();

  private KernelShares(Workload.Ready ready) {
    compilations = ready.compilations();
    for (int i = 0; i < STEPS; i++) {
      steps.add(ready.profile());
    }
  }

  static KernelShares measure(Workload.Ready ready) {
    return new KernelShares(ready);
  }

  /** The kernels, the slowest first. */
  List<KernelShare> slowestFirst() {
    List<KernelShare> all = new ArrayList<>();
    for (int c = 0; c < compilations.size(); c++) {
      List<KernelReport> kernels = compilations.get(c).kernels();
      double[][] micros = new double[kernels.size()][STEPS];
      for (int s = 0; s < STEPS; s++) {
        for (KernelTiming t : steps.get(s).get(c)) {
          micros[t.dispatch()][s] += (t.endNanos() - t.startNanos()) / 1e3;
        }
      }
      for (int k = 0; k < kernels.size(); k++) {
        Arrays.sort(micros[k]);
        all.add(new KernelShare(kernels.get(k), micros[k][STEPS / 2], 0));
      }
    }
    double sum = Math.max(1e-9, all.stream().mapToDouble(KernelShare::micros).sum());
    return all.stream().map(k -> new KernelShare(k.kernel(), k.micros(), k.micros() / sum))
        .sorted(Comparator.comparingDouble(KernelShare::micros).reversed()).toList();
  }

  /** Writes the last step as a trace, a row for each of its programs. */
  void save(String device, Path file) throws IOException {
    ChromeTrace trace = new ChromeTrace();
    long start = 0;
    for (int c = 0; c < compilations.size(); c++) {
      List<KernelTiming> timings = steps.getLast().get(c);
      trace.add(device + " " + compilations.get(c).name(), start, timings);
      start += timings.stream().mapToLong(KernelTiming::endNanos).max().orElse(0);
    }
    trace.save(file);
  }
}
