package org.lathe.models.train;

import java.io.PrintStream;
import java.time.Duration;
import java.util.Locale;
import java.util.stream.Collectors;
import me.tongfei.progressbar.ConsoleProgressBarConsumer;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;
import org.jspecify.annotations.Nullable;

/**
 * Shows a training as a progress bar with the current loss and time left, and a line after each epoch. For a terminal;
 * where there is none, {@link #lines} writes the epochs' lines alone.
 */
public final class ProgressBarListener implements TrainingListener {
  private static final int WIDTH = 100;

  private final PrintStream out;
  private final boolean terminal;
  private @Nullable ProgressBar bar;

  private ProgressBarListener(PrintStream out, boolean terminal) {
    this.out = out;
    this.terminal = terminal;
  }

  public static ProgressBarListener bar(PrintStream out) {
    return new ProgressBarListener(out, true);
  }

  public static ProgressBarListener lines(PrintStream out) {
    return new ProgressBarListener(out, false);
  }

  /** A bar if the launcher found a terminal ({@code -Dlathe.terminal=true}), else lines. */
  public static ProgressBarListener fitting(PrintStream out) {
    return new ProgressBarListener(out, Boolean.getBoolean("lathe.terminal"));
  }

  @Override
  public void began(String model, long done, long total) {
    if (terminal) {
      bar =
          new ProgressBarBuilder()
              .setTaskName(model)
              .setInitialMax(total)
              .startsFrom(done, Duration.ZERO)
              .setUpdateIntervalMillis(200)
              .setStyle(ProgressBarStyle.ASCII)
              .setConsumer(new ConsoleProgressBarConsumer(out, WIDTH))
              .build();
    }
  }

  @Override
  public void iterated(long done, double loss) {
    ProgressBar b = bar;
    if (b != null) {
      b.stepTo(done);
      if ((done & 15) == 0) {
        b.setExtraMessage(String.format(Locale.ROOT, " loss %.4f", loss));
      }
    }
  }

  @Override
  public void epochEnded(EpochRecord r) {
    String metrics =
        r.metrics().entrySet().stream()
            .map(e -> String.format(Locale.ROOT, ", %s %.4f", e.getKey(), e.getValue()))
            .collect(Collectors.joining());
    line(String.format(Locale.ROOT, "epoch %d: loss %.4f%s (%.1f s)", r.epoch() + 1, r.loss(), metrics, r.seconds()));
  }

  @Override
  public void note(String text) {
    line(text);
  }

  private void line(String text) {
    out.println(bar != null ? "\r" + text + " ".repeat(Math.max(0, WIDTH - text.length())) : text);
  }

  @Override
  public void ended() {
    ProgressBar b = bar;
    if (b != null) {
      b.close();
      bar = null;
    }
  }
}
