package org.lathe.cli;

import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;
import org.jspecify.annotations.Nullable;

/** A bar on standard error where that is a terminal; else nothing. The launcher knows, and says so by a property. */
final class Progress implements AutoCloseable {
  private final @Nullable ProgressBar bar;

  Progress(String task, long steps) {
    this.bar = Boolean.getBoolean("lathe.terminal")
        ? new ProgressBarBuilder()
            .setTaskName(task)
            .setInitialMax(steps)
            .setStyle(ProgressBarStyle.ASCII)
            .setUpdateIntervalMillis(200)
            .continuousUpdate()
            .build()
        : null;
  }

  /** What is being done now. */
  void show(String what) {
    if (bar != null) {
      bar.setExtraMessage(what);
    }
  }

  void step() {
    if (bar != null) {
      bar.step();
    }
  }

  @Override
  public void close() {
    if (bar != null) {
      bar.close();
    }
  }
}
