package org.lathe.backends.simt.tune;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lathe.backends.simt.plan.Traits;
import org.lathe.backends.simt.schedule.Schedules;
import org.lathe.backends.simt.schedule.Tuning;
import org.lathe.hal.DType;
import org.lathe.hal.spec.KernelSpec;
import org.lathe.hal.spec.Recurrence;

class TuningStoreTest {
  private static final Traits CPU = new Traits(Traits.Form.CPU, 2, 16, 1, 1024, 1 << 20, 60, true);
  private static final TunedDevice DEVICE = new TunedDevice("a device", "somebody", "1.0", Traits.Form.CPU);
  private static final KernelSpec LSTM = new Recurrence(Recurrence.Cell.LSTM, Recurrence.Form.FORWARD, DType.F32, 10, 8,
      128, false);
  private static final KernelSpec GRU = new Recurrence(Recurrence.Cell.GRU, Recurrence.Form.FORWARD, DType.F32, 10, 8,
      128, false);

  @TempDir
  Path directory;

  private final List<String> complaints = new ArrayList<>();

  private TuningStore store(TunedDevice device, String defaults) {
    return new TuningStore(device, directory.resolve("tunings"), TuningDefaults.parse(defaults), complaints::add);
  }

  private TuningStore store() {
    return store(DEVICE, "");
  }

  private static List<Tuning> forms(KernelSpec spec) {
    return Schedules.candidates(spec, CPU);
  }

  @Test
  void whatIsKeptIsFoundByTheSameDeviceAndDriverOnly() {
    Tuning last = forms(LSTM).getLast();
    store().put(LSTM, last);
    assertEquals(last, store().choose(LSTM, CPU));
    assertEquals(forms(GRU).getFirst(), store().choose(GRU, CPU));
    TunedDevice newer = new TunedDevice("a device", "somebody", "1.1", Traits.Form.CPU);
    assertEquals(forms(LSTM).getFirst(), store(newer, "").choose(LSTM, CPU));
    assertEquals(List.of(), complaints);
  }

  @Test
  void twoProcessesKeepEachOthersFindings() {
    TuningStore one = store();
    TuningStore two = store();
    one.choose(LSTM, CPU);
    two.choose(LSTM, CPU);
    one.put(LSTM, forms(LSTM).getLast());
    two.put(GRU, forms(GRU).getLast());
    assertEquals(forms(LSTM).getLast(), store().choose(LSTM, CPU));
    assertEquals(forms(GRU).getLast(), store().choose(GRU, CPU));
  }

  @Test
  void damagedFilesCountAsEmptyAndAreSaidOnce() throws IOException {
    store().put(LSTM, forms(LSTM).getLast());
    Path file;
    try (var files = Files.list(directory.resolve("tunings"))) {
      file = files.findFirst().orElseThrow();
    }
    String whole = Files.readString(file);
    int said = 0;
    for (String text : List.of(
        "", "lathe tunings 1\n", whole.substring(0, whole.length() - 3), whole.replace("rows=", "row="),
        whole.replace("1.0", "1.2"), whole + "x\n", "\0\1\2")) {
      Files.writeString(file, text);
      TuningStore store = store();
      assertEquals(forms(LSTM).getFirst(), store.choose(LSTM, CPU));
      store.choose(GRU, CPU);
      assertEquals(++said, complaints.size(), complaints::toString);
    }
    store().put(LSTM, forms(LSTM).getLast());
    assertEquals(forms(LSTM).getLast(), store().choose(LSTM, CPU), "made anew");
  }

  @Test
  void anUnwritableDirectoryKeepsNothingButForThisProcess() throws IOException {
    Files.writeString(directory.resolve("tunings"), "a file");
    TuningStore store = store();
    store.put(LSTM, forms(LSTM).getLast());
    store.put(GRU, forms(GRU).getLast());
    assertEquals(1, complaints.size(), complaints::toString);
    assertEquals(forms(LSTM).getLast(), store.choose(LSTM, CPU));
  }

  @Test
  void aFormThatTheScheduleNoLongerKnowsIsNotUsed() {
    store().put(LSTM, Tuning.of(Map.of("rows", 999)));
    assertEquals(forms(LSTM).getFirst(), store().choose(LSTM, CPU));
  }

  @Test
  void shippedChoicesFollowTheMeasuredOnes() {
    Tuning third = forms(LSTM).get(2);
    String line = "cpu recurrence rows=999\ncpu recurrence rows=" + third.get("rows") + "  # why\n\n# remark\n";
    assertEquals(third, store(DEVICE, line).choose(LSTM, CPU));
    assertEquals(forms(LSTM).getFirst(), store(DEVICE, line.replace("cpu", "gpu")).choose(LSTM, CPU));
    store().put(LSTM, forms(LSTM).getLast());
    assertEquals(forms(LSTM).getLast(), store(DEVICE, line).choose(LSTM, CPU));
    assertEquals(
        List.of("nvidia", "gpu"), new TunedDevice("H", "NVIDIA Corporation", "1", Traits.Form.GPU).kinds());
  }

  @Test
  void theShippedFileParses() {
    TuningDefaults.shipped();
    assertThrows(IllegalArgumentException.class, () -> TuningDefaults.parse("cpu contraction"));
    assertThrows(IllegalArgumentException.class, () -> TuningDefaults.parse("cpu contraction rows"));
  }
}
