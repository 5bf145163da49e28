package org.lathe.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.lathe.compiler.runtime.Lathe;
import org.lathe.models.train.Checkpoint;
import org.lathe.models.zoo.model.RunRequest;
import org.lathe.models.zoo.Zoo;
import org.lathe.models.zoo.model.ZooModel;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Predicts or generates with a trained model. */
@Command(name = "run", mixinStandardHelpOptions = true, description = "Predicts or generates with a trained model: classes of test pictures, sentences, pictures.")
final class RunCommand implements Callable<Integer> {
  @Parameters(paramLabel = "CHECKPOINT", description = "A .safetensors file of ./lathe train, or the directory that holds it.")
  private Path checkpoint = Path.of("");

  @Option(names = "--count", paramLabel = "N", description = "How many predictions, sentences or pictures. Default: the model's own.")
  private @Nullable Integer count;

  @Option(names = "--seed", paramLabel = "S", description = "Of made data and noise (default ${DEFAULT-VALUE}).")
  private long seed = 1;

  @Option(names = "--data", paramLabel = "DATA", description = "mnist:DIR, text:FILE, sentence:WORDS, caption:WORDS, class:NAME or between:X,Y,X,Y, by the model; default: data made from the seed.")
  private @Nullable String data;

  @Option(names = "--out", paramLabel = "DIR", description = "Where pictures go (default: out/NAME).")
  private @Nullable Path out;

  @Option(names = "--device", paramLabel = "DEVICE", description = "Default: the best one.")
  private String device = "";

  @Mixin
  private final Binaries binaries = new Binaries();

  @Mixin
  private final Output output = new Output();

  private int results;

  @Override
  public Integer call() throws IOException {
    output.open();
    Path file = Checkpoint.find(checkpoint);
    ZooModel model = model(file, Checkpoint.describe(file).model());
    Path directory = out != null ? out : Path.of("out", model.name());
    try (Lathe lathe = device.isEmpty() ? Lathe.best() : Lathe.on(device)) {
      Map<String, Double> measured = new TreeMap<>(
          model.run(new RunRequest(lathe, file, count, seed, data, directory, this::found)));
      String on = lathe.device().info().id();
      StringBuilder line = new StringBuilder(
          model.name() + " on " + on + ": " + (results == 1 ? "1 result" : results + " results"));
      measured.forEach((name, value) -> line.append(", ").append(name).append(' ').append(Units.significant(value)));
      output.text(line.toString());
      Map<String, Object> fields = new LinkedHashMap<>(
          Output.fields("model", model.name(), "device", on, "checkpoint", file.toString(), "results", results));
      fields.putAll(measured);
      output.event("done", fields);
      return 0;
    }
  }

  private void found(String kind, String line, Map<String, ?> fields) {
    results++;
    output.text(line);
    output.event(kind, fields);
  }

  /** A model of several parts writes MODEL/PART into its checkpoints. */
  private static ZooModel model(Path file, String name) {
    return Zoo.find(name.split("/", 2)[0])
        .orElseThrow(
            () -> new CannotRun(
                file + ": is a checkpoint of model '" + name + "', which is not in the zoo: it has "
                    + String.join(", ", Zoo.names())));
  }
}
