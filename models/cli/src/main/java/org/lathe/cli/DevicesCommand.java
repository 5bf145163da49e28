package org.lathe.cli;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.lathe.hal.device.DeviceInfo;
import org.lathe.hal.device.Drivers;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** Lists what there is to run on, and for what is not there why, and the remedy. */
@Command(name = "devices", description = "Lists each backend and device; for each absent one why, and the remedy.", mixinStandardHelpOptions = true)
final class DevicesCommand implements Callable<Integer> {
  @Mixin
  private final Output output = new Output();

  @Override
  public Integer call() throws IOException {
    output.open();
    List<List<String>> rows = new ArrayList<>(List.of(List.of("device", "kind", "units", "memory", "name", "types")));
    List<String> absent = new ArrayList<>();
    int present = 0;
    for (Drivers.Listed listed : Drivers.installed().list()) {
      switch (listed) {
        case Drivers.Present(DeviceInfo info, var dtypes) -> {
          present++;
          List<String> types = dtypes.stream().sorted().map(Object::toString).toList();
          output.event("device", Output.fields(
              "backend", info.backend(), "name", info.id(), "kind", info.kind().name().toLowerCase(Locale.ROOT),
              "available", true, "product", info.name(), "version", info.version(), "units", info.computeUnits(),
              "memory", info.memoryBytes(), "dtypes", types));
          rows.add(List.of(
              info.id(), info.kind().name().toLowerCase(Locale.ROOT), String.valueOf(info.computeUnits()),
              Units.bytes(info.memoryBytes()), info.name() + " (" + info.version() + ")", String.join(" ", types)));
        }
        case Drivers.Absent(String backend, String reason, String remedy) -> {
          output.event("backend",
              Output.fields("backend", backend, "available", false, "reason", reason, "remedy", remedy));
          absent.add(backend + ": not available: " + reason + "; " + remedy);
        }
      }
    }
    if (present > 0) {
      output.table(rows);
    }
    absent.forEach(output::text);
    output.event("done", Output.fields("devices", present, "absent", absent.size()));
    return 0;
  }
}
