package org.lathe.cli;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.lathe.models.zoo.model.ZooModel;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Lists the zoo. */
@Command(name = "models", description = "Lists the zoo: parameters, FLOPs, data, bar, paper.", mixinStandardHelpOptions = true)
final class ModelsCommand implements Callable<Integer> {
  @Option(names = "--family", paramLabel = "FAMILY", description = "Only the models of this family.")
  private @Nullable String family;

  @Mixin
  private final Output output = new Output();

  @Override
  public Integer call() throws IOException {
    output.open();
    List<ZooModel> models = Names.family(family);
    List<List<String>> rows = new ArrayList<>(
        List.of(List.of("model", "family", "parameters", "FLOPs", "data", "bar", "paper")));
    for (ZooModel m : models) {
      output.event("model", Output.fields(
          "name", m.name(), "family", m.family(), "parameters", m.parameters(), "flops", m.flops(), "metric",
          m.metric(),
          "bar", m.bar(), "data", m.data(), "paper", m.paper()));
      rows.add(List.of(
          m.name(), m.family(), Units.count(m.parameters()), Units.count(m.flops()), m.data(),
          m.metric() + (m.higherIsBetter() ? " >= " : " <= ") + Units.significant(m.bar()), m.paper()));
    }
    output.table(rows);
    output.event("done", Output.fields("models", models.size()));
    return 0;
  }
}
