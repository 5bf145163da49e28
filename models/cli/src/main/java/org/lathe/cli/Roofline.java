package org.lathe.cli;

import java.awt.BasicStroke;
import java.awt.Color;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.knowm.xchart.BitmapEncoder;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.XYSeries;
import org.knowm.xchart.style.Styler;
import org.knowm.xchart.style.markers.SeriesMarkers;
import org.lathe.compiler.runtime.Compilation;
import org.lathe.hal.device.Peaks;
import org.lathe.hal.program.Step;

/**
 * A device's roofline (Williams, Waterman, Patterson 2009): over the operations that a row does for each byte its kernels
 * move, the rate it reaches, below the roof of the device's measured peak and of the bandwidth of its copy.
 *
 * <p>A kernel counts as moving each of its operands once, from memory and to it. What stays in a cache from one kernel to
 * the next costs less, so a row may stand above the slope; Winograd's forms, which do fewer operations than they count
 * for, above the ridge.
 */
final class Roofline {
  private Roofline() {}

  /** Bytes that the kernels of some programs move in one run: each operand once, the longer way of each branch. */
  static long bytesMoved(List<Compilation> compilations) {
    return compilations.stream().mapToLong(c -> bytesMoved(c.program().steps(), 1)).sum();
  }

  private static long bytesMoved(List<Step> steps, long times) {
    long sum = 0;
    for (Step step : steps) {
      sum += switch (step) {
        case Step.Dispatch d -> times * d.spec().work().bytes();
        case Step.Loop l -> bytesMoved(l.body(), times * l.trips());
        case Step.Branch b -> Math.max(bytesMoved(b.then(), times), bytesMoved(b.otherwise(), times));
      };
    }
    return sum;
  }

  /** Draws the rows of one device. Rows that count no operations or move nothing are left out. */
  static void picture(String device, Peaks peaks, List<BenchCommand.Row> rows, Path file) throws IOException {
    XYChart chart = new XYChartBuilder()
        .width(1000)
        .height(680)
        .title("Roofline of " + device + ": " + Units.significant(peaks.gflops()) + " GFLOP/s, copy "
            + Units.significant(peaks.bytesPerSecond() / 1e9) + " GB/s")
        .xAxisTitle("operations per byte moved")
        .yAxisTitle("GFLOP/s")
        .build();
    chart.getStyler().setChartBackgroundColor(Color.WHITE);
    chart.getStyler().setXAxisLogarithmic(true).setYAxisLogarithmic(true);
    chart.getStyler().setLegendPosition(Styler.LegendPosition.OutsideE);
    double gigabytes = peaks.bytesPerSecond() / 1e9;
    double ridge = peaks.gflops() / gigabytes;
    double least = ridge / 10;
    double most = ridge * 10;
    for (BenchCommand.Row r : rows) {
      if (r.device().equals(device) && r.gflops() > 0 && r.moved() > 0) {
        XYSeries point = chart.addSeries(r.id(), new double[]{r.intensity()}, new double[]{r.gflops()});
        point.setXYSeriesRenderStyle(XYSeries.XYSeriesRenderStyle.Scatter);
        least = Math.min(least, r.intensity());
        most = Math.max(most, r.intensity());
      }
    }
    double[] x = {least, ridge, most};
    XYSeries roof = chart.addSeries("roof", x, new double[]{least * gigabytes, peaks.gflops(), peaks.gflops()});
    roof.setMarker(SeriesMarkers.NONE).setLineColor(Color.DARK_GRAY).setLineStyle(new BasicStroke(2));
    BitmapEncoder.saveBitmap(chart, file.toString(), BitmapEncoder.BitmapFormat.PNG);
  }
}
