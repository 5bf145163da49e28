package org.lathe.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.lathe.compiler.runtime.Lathe;
import org.lathe.models.train.EpochRecord;
import org.lathe.models.train.ProgressBarListener;
import org.lathe.models.train.TrainingListener;
import org.lathe.models.zoo.TrainRequest;
import org.lathe.models.zoo.TrainResult;
import org.lathe.models.zoo.ZooModel;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Trains a model of the zoo, and says whether it reached its bar. */
@Command(name = "train", mixinStandardHelpOptions = true,
    description = "Trains a model: metrics, learning curves, samples, checkpoint. Exit code 1: the bar was missed.")
final class TrainCommand implements Callable<Integer> {
  @Parameters(paramLabel = "NAME", description = "A model of the zoo; ./lathe models lists them.")
  private String name = "";

  @Option(names = "--device", paramLabel = "DEVICE", description = "Default: the best one.")
  private String device = "";

  @Option(names = "--data", paramLabel = "DATA", description = "mnist:DIR, cifar10:DIR, images:DIR, csv:FILE or text:FILE; default: data made from the seed.")
  private @Nullable String data;

  @Option(names = "--seed", paramLabel = "S", description = "Of data, initial values and order (default ${DEFAULT-VALUE}).")
  private long seed = 1;

  @Option(names = "--epochs", paramLabel = "N", description = "Default: the model's own.")
  private @Nullable Integer epochs;

  @Option(names = "--resume", paramLabel = "DIR", description = "Goes on from the latest checkpoint in DIR.")
  private @Nullable Path resume;

  @Option(names = "--out", paramLabel = "DIR", description = "Where results go (default: out/NAME).")
  private @Nullable Path out;

  @Mixin
  private final Output output = new Output();

  @Override
  public Integer call() throws IOException {
    output.open();
    ZooModel model = Names.model(name);
    if (epochs != null && epochs < 1) {
      throw new CannotRun("--epochs " + epochs + ": expected at least 1");
    }
    Path directory = out != null ? out : resume != null ? resume : Path.of("out", name);
    try (Lathe lathe = device.isEmpty() ? Lathe.best() : Lathe.on(device)) {
      TrainingListener listener = new Lines().and(new ProgressBarListener());
      TrainResult result =
          model.train(new TrainRequest(lathe, seed, epochs, data, directory, resume, listener));
      output.text(
          model.name() + " on " + lathe.device().info().id() + ": " + result.metric() + " " + Units.significant(result.value())
              + (result.passed() ? ", reaches" : ", misses") + " its bar of " + Units.significant(result.bar()) + ", "
              + Units.significant(result.seconds()) + " s; checkpoint " + result.checkpoint());
      output.event("done", Output.fields(
          "model", model.name(), "device", lathe.device().info().id(), "metric", result.metric(), "value", result.value(),
          "bar", result.bar(), "passed", result.passed(), "seconds", result.seconds(),
          "checkpoint", String.valueOf(result.checkpoint())));
      return result.passed() ? 0 : 1;
    }
  }

  private final class Lines implements TrainingListener {
    @Override
    public void epochEnded(EpochRecord record) {
      Map<String, Object> fields = new LinkedHashMap<>(Output.fields("epoch", record.epoch(), "loss", record.loss()));
      fields.putAll(record.metrics());
      fields.put("seconds", record.seconds());
      output.event("epoch", fields);
      StringBuilder line = new StringBuilder("epoch " + record.epoch() + "  loss " + Units.significant(record.loss()));
      record.metrics().forEach((metric, value) -> line.append("  ").append(metric).append(' ').append(Units.significant(value)));
      output.text(line + "  " + Units.significant(record.seconds()) + " s");
    }

    @Override
    public void note(String text) {
      output.text(text);
    }
  }
}
