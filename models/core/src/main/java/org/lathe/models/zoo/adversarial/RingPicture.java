package org.lathe.models.zoo.adversarial;

import java.awt.Color;
import java.io.IOException;
import java.nio.file.Path;
import java.util.stream.IntStream;
import org.knowm.xchart.BitmapEncoder;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.XYSeries.XYSeriesRenderStyle;
import org.knowm.xchart.style.markers.SeriesMarkers;
import org.lathe.models.data.Points;

/** Generated points in the plane, with the modes that they should lie at. */
public final class RingPicture {
  private static final int SIDE = 640;

  private RingPicture() {}

  /**
   * @param points [count, 2]
   */
  static void write(Path file, float[] points) throws IOException {
    write(file, points, new int[points.length / 2], 1);
  }

  /**
   * @param points [count, 2]
   * @param codes what each was made of, from 0; each code has a colour
   * @param count of codes
   */
  static void write(Path file, float[] points, int[] codes, int count) throws IOException {
    XYChart chart = new XYChartBuilder().width(SIDE).height(SIDE).title("generated points").build();
    chart.getStyler().setDefaultSeriesRenderStyle(XYSeriesRenderStyle.Scatter);
    chart.getStyler().setChartBackgroundColor(Color.WHITE);
    chart.getStyler().setMarkerSize(3);
    chart.getStyler().setXAxisMin(-3.0).setXAxisMax(3.0).setYAxisMin(-3.0).setYAxisMax(3.0);
    for (int code = 0; code < count; code++) {
      int wanted = code;
      int[] of = IntStream.range(0, codes.length).filter(i -> codes[i] == wanted).toArray();
      if (of.length > 0) {
        double[] x = IntStream.of(of).mapToDouble(i -> points[2 * i]).toArray();
        double[] y = IntStream.of(of).mapToDouble(i -> points[2 * i + 1]).toArray();
        chart.addSeries(count == 1 ? "generated" : "code " + code, x, y).setMarker(SeriesMarkers.CIRCLE);
      }
    }
    double[] modeX = new double[Points.RING_MODES];
    double[] modeY = new double[Points.RING_MODES];
    for (int m = 0; m < Points.RING_MODES; m++) {
      modeX[m] = Points.ringMean(m)[0];
      modeY[m] = Points.ringMean(m)[1];
    }
    chart.addSeries("modes", modeX, modeY).setMarker(SeriesMarkers.CROSS);
    BitmapEncoder.saveBitmap(chart, file.toString(), BitmapEncoder.BitmapFormat.PNG);
  }
}
