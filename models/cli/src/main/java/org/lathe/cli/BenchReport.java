package org.lathe.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import org.knowm.xchart.BitmapEncoder;
import org.knowm.xchart.CategoryChart;
import org.knowm.xchart.CategoryChartBuilder;
import org.knowm.xchart.style.Styler;

/** A benchmark's rows as a picture and as a page. */
final class BenchReport {
  private BenchReport() {}

  /** The rows side by side for each device: their share of its measured peak, or FLOP/s where no peak is known. */
  static void picture(List<BenchCommand.Row> rows, Path file) throws IOException {
    List<String> ids = rows.stream().map(BenchCommand.Row::id).distinct().toList();
    List<String> devices = rows.stream().map(BenchCommand.Row::device).distinct().toList();
    boolean shares = rows.stream().allMatch(r -> r.peakShare() != null);
    CategoryChart chart = new CategoryChartBuilder()
        .width(Math.max(900, 70 * ids.size() + 200))
        .height(560)
        .title(shares ? "Useful f32 work: share of the device's measured peak" : "Useful f32 work per second")
        .xAxisTitle("")
        .yAxisTitle(shares ? "percent" : "GFLOP/s")
        .build();
    chart.getStyler().setXAxisLabelRotation(40).setLegendPosition(Styler.LegendPosition.OutsideS);
    chart.getStyler().setAvailableSpaceFill(0.7);
    for (String device : devices) {
      List<Double> values = new ArrayList<>();
      for (String id : ids) {
        values.add(
            rows.stream()
                .filter(r -> r.id().equals(id) && r.device().equals(device))
                .mapToDouble(r -> shares && r.peakShare() != null ? 100 * r.peakShare() : r.gflops())
                .findFirst()
                .orElse(0));
      }
      chart.addSeries(device, ids, values);
    }
    BitmapEncoder.saveBitmap(chart, file.toString(), BitmapEncoder.BitmapFormat.PNG);
  }

  static void html(List<BenchCommand.Row> rows, List<BenchCommand.Opened> devices, Path picture, Path file)
      throws IOException {
    StringBuilder page = new StringBuilder();
    page.append("<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Lathe bench</title><style>")
        .append(
            "body{font:15px sans-serif;margin:2em}table{border-collapse:collapse}td,th{padding:.25em .8em;border-bottom:1px solid #ccc;text-align:right}")
        .append(
            "td:first-child,th:first-child,td:nth-child(2),th:nth-child(2){text-align:left}img{max-width:100%}</style>");
    page.append("<h1>Lathe bench</h1><p>").append(LocalDate.now()).append(", ");
    page.append(
        escape(System.getProperty("os.name") + " " + System.getProperty("os.arch") + ", Java " + Runtime.version()));
    devices.forEach(device -> page.append("; ").append(escape(device.toString())));
    page.append("</p><table>");
    boolean head = true;
    for (List<String> row : BenchCommand.table(rows)) {
      String tag = head ? "th" : "td";
      page.append("<tr>");
      row.forEach(
          cell -> page.append('<').append(tag).append('>').append(escape(cell)).append("</").append(tag).append('>'));
      page.append("</tr>\n");
      head = false;
    }
    page.append("</table><p><img alt=\"GFLOP/s by row\" src=\"data:image/png;base64,")
        .append(Base64.getEncoder().encodeToString(Files.readAllBytes(picture)))
        .append("\"></p></html>\n");
    Files.writeString(file, page);
  }

  private static String escape(String text) {
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;");
  }
}
