package org.lathe.models.train;

import java.awt.Color;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.knowm.xchart.BitmapEncoder;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.style.Styler;
import org.knowm.xchart.style.markers.SeriesMarkers;

/** A training's history as a picture. */
public final class LearningCurve {
  private static final int WIDTH = 900;
  private static final int HEIGHT = 520;

  private LearningCurve() {}

  /** Writes a PNG: the training loss on the left axis, each metric on the right. Nothing if there is no history. */
  public static void write(Path file, String model, List<EpochRecord> history) throws IOException {
    if (history.isEmpty()) {
      return;
    }
    XYChart chart = new XYChartBuilder().width(WIDTH).height(HEIGHT).title(model).xAxisTitle("epoch").yAxisTitle("loss")
        .build();
    Styler styler = chart.getStyler();
    styler.setChartBackgroundColor(Color.WHITE);
    styler.setLegendPosition(Styler.LegendPosition.OutsideS);
    styler.setLegendLayout(Styler.LegendLayout.Horizontal);
    List<Double> epochs = history.stream().map(r -> r.epoch() + 1.0).toList();
    add(chart, "training loss", epochs, history.stream().map(EpochRecord::loss).toList(), 0);
    Set<String> metrics = new LinkedHashSet<>();
    history.forEach(r -> metrics.addAll(r.metrics().keySet()));
    for (String metric : metrics) {
      List<Double> values = new ArrayList<>();
      history.forEach(r -> values.add(r.metrics().getOrDefault(metric, Double.NaN)));
      if (values.stream().anyMatch(Double::isFinite)) {
        add(chart, metric, epochs, values, 1);
      }
    }
    if (!metrics.isEmpty()) {
      chart.setYAxisGroupTitle(1, String.join(", ", metrics));
      chart.getStyler().setYAxisGroupPosition(1, Styler.YAxisPosition.Right);
    }
    BitmapEncoder.saveBitmap(chart, file.toString(), BitmapEncoder.BitmapFormat.PNG);
  }

  private static void add(XYChart chart, String name, List<Double> x, List<Double> y, int axis) {
    var series = chart.addSeries(name, x, y);
    series.setMarker(x.size() > 40 ? SeriesMarkers.NONE : SeriesMarkers.CIRCLE);
    series.setYAxisGroup(axis);
  }
}
