package org.lathe.backends.simt.pipeline;

import java.util.Locale;

/** Reports of pipelines as text for people. */
public final class PipelineText {
  private PipelineText() {}

  public static String print(KernelPipeline k) {
    StringBuilder out = new StringBuilder();
    out.append(String.format(Locale.ROOT,
        "%s: %s cycles, on chip %s in memory blocks and %s in registers, global memory %s read and %s written\n",
        k.kernel(), count(k.cycles()), bytes(k.onChipBytes()), bytes(k.registerBytes()), bytes(k.bytesRead()),
        bytes(k.bytesWritten())));
    for (LoopPipeline l : k.loops()) {
      out.repeat("  ", l.depth() + 1).append(switch (l.kind()) {
        case PIPELINED -> String.format(Locale.ROOT,
            "loop %s: %s iterations, one each %s, latency %d: %s\n", l.counters(), l.trips(),
            l.interval() == 1 ? "cycle" : count(l.interval()) + " cycles", l.latency(), l.reason());
        case IN_TURN -> String.format(Locale.ROOT,
            "loop %s: %s iterations in turn, %s cycles each: %s\n", l.counters(), l.trips(), count(l.interval()),
            l.reason());
        case UNROLLED -> String.format(Locale.ROOT, "loop %s: unrolled, %s copies\n", l.counters(), l.trips());
      });
    }
    k.notes().forEach(n -> out.append("  note: ").append(n).append('\n'));
    return out.toString();
  }

  static String count(double n) {
    return n < 1e6 ? Long.toString(Math.round(n)) : String.format(Locale.ROOT, "%.3g million", n / 1e6);
  }

  static String bytes(double n) {
    return n < 10_240
        ? Math.round(n) + " B"
        : n < 10 * (1 << 20)
            ? String.format(Locale.ROOT, "%.0f KiB", n / 1024)
            : String.format(Locale.ROOT, "%.0f MiB", n / (1 << 20));
  }
}
