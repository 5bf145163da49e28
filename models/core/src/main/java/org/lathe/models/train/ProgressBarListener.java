package org.lathe.models.train;

import java.time.Duration;
import java.util.Locale;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;
import org.jspecify.annotations.Nullable;

/**
 * Shows a training as a bar on standard error, with the current loss and the time left, where that is a terminal; else
 * nothing. The launcher knows, and says so by {@code -Dlathe.terminal=true}.
 */
public final class ProgressBarListener implements TrainingListener {
  private static final int UPDATE_MILLIS = 200;

  private @Nullable ProgressBar bar;
  private long shown;

  @Override
  public void began(String model, long done, long total) {
    if (Boolean.getBoolean("lathe.terminal")) {
      bar = new ProgressBarBuilder()
          .setTaskName(model)
          .setInitialMax(total)
          .startsFrom(done, Duration.ZERO)
          .setUpdateIntervalMillis(UPDATE_MILLIS)
          .setStyle(ProgressBarStyle.ASCII)
          .build();
    }
  }

  @Override
  public void iterated(long done, double loss) {
    ProgressBar b = bar;
    if (b != null && System.nanoTime() - shown > UPDATE_MILLIS * 1_000_000L) {
      shown = System.nanoTime();
      b.stepTo(done);
      b.setExtraMessage(String.format(Locale.ROOT, " loss %.4f", loss));
    }
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
