package org.lathe.cli;

import java.io.IOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import javax.xml.stream.XMLOutputFactory;
import javax.xml.stream.XMLStreamException;
import javax.xml.stream.XMLStreamWriter;
import org.lathe.conformance.CheckResult;

/** Check results in the XML form that CI servers read. */
final class JunitReport {
  private JunitReport() {}

  static void write(List<CheckResult> results, Path file) throws IOException {
    try (Writer text = Files.newBufferedWriter(file, StandardCharsets.UTF_8)) {
      XMLStreamWriter xml = XMLOutputFactory.newFactory().createXMLStreamWriter(text);
      xml.writeStartDocument();
      xml.writeStartElement("testsuite");
      xml.writeAttribute("name", "lathe verify");
      xml.writeAttribute("tests", String.valueOf(results.size()));
      xml.writeAttribute("failures", String.valueOf(results.stream().filter(JunitReport::isFailed).count()));
      xml.writeAttribute("skipped",
          String.valueOf(results.stream().filter(r -> r instanceof CheckResult.Skipped).count()));
      for (CheckResult r : results) {
        xml.writeStartElement("testcase");
        xml.writeAttribute("classname", r.device());
        xml.writeAttribute("name", r.what());
        switch (r) {
          case CheckResult.Skipped s -> {
            xml.writeEmptyElement("skipped");
            xml.writeAttribute("message", s.category() + ": " + s.reason());
          }
          case CheckResult.Compared c -> {
            if (!c.passed()) {
              xml.writeEmptyElement("failure");
              xml.writeAttribute("message", c.detail());
            }
          }
        }
        xml.writeEndElement();
      }
      xml.writeEndDocument();
      xml.close();
    } catch (XMLStreamException e) {
      throw new IOException(file + ": cannot be written: " + e.getMessage(), e);
    }
  }

  private static boolean isFailed(CheckResult r) {
    return r instanceof CheckResult.Compared c && !c.passed();
  }
}
