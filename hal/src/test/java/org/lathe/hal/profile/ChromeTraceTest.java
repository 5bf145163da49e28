package org.lathe.hal.profile;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lathe.hal.device.CommandBuffer.KernelTiming;

class ChromeTraceTest {
  @Test
  void aTraceIsTheDocumentedJson(@TempDir Path dir) throws Exception {
    Locale before = Locale.getDefault();
    Path file = dir.resolve("trace.json");
    try {
      Locale.setDefault(Locale.forLanguageTag("ar-EG-u-nu-arab"));
      new ChromeTrace()
          .add("cpu:0 \"p\"", 1_000_000,
              List.of(new KernelTiming(0, "relu\n\\ 模型 \ud800", "map", 5, 1234),
                  new KernelTiming(1, "", "gemm", 2000, 2001)))
          .add("empty", 0, List.of())
          .save(file);
    } finally {
      Locale.setDefault(before);
    }
    assertEquals(
        """
            {"displayTimeUnit":"ns","traceEvents":[
            {"ph":"M","name":"thread_name","pid":1,"tid":1,"args":{"name":"cpu:0 \\"p\\""}},
            {"ph":"X","name":"relu\\u000a\\\\ 模型 \\ud800","cat":"kernel","pid":1,"tid":1,"ts":1000.005,"dur":1.229,"args":{"dispatch":0,"kernel":"map"}},
            {"ph":"X","name":"gemm","cat":"kernel","pid":1,"tid":1,"ts":1002.000,"dur":0.001,"args":{"dispatch":1,"kernel":"gemm"}},
            {"ph":"M","name":"thread_name","pid":1,"tid":2,"args":{"name":"empty"}}
            ]}
            """,
        Files.readString(file));
    assertEquals(List.of(file), Files.list(dir).toList());
  }
}
