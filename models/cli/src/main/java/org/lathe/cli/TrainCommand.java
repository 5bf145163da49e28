package org.lathe.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.lathe.compiler.runtime.Lathe;
import org.lathe.models.train.EpochRecord;
import org.lathe.models.train.ProgressBarListener;
import org.lathe.models.train.TrainingListener;
import org.lathe.models.zoo.model.TrainRequest;
import org.lathe.models.zoo.model.TrainResult;
import org.lathe.models.zoo.model.ZooModel;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Trains a model of the zoo, or many one after the other, and says whether each reached its bar. */
@Command(name = "train", mixinStandardHelpOptions = true, description = "Trains a model: metrics, learning curves, samples, checkpoint. Exit code 1: a bar was missed.")
final class TrainCommand implements Callable<Integer> {
  @Parameters(paramLabel = "NAME", arity = "0..1", description = "A model of the zoo; ./lathe models lists them.")
  private @Nullable String name;

  @Option(names = "--all", description = "Every model of the zoo, or of a family.")
  private boolean all;

  @Option(names = "--family", paramLabel = "FAMILY", description = "With --all: only the models of this family.")
  private @Nullable String family;

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

  @Option(names = "--out", paramLabel = "DIR", description = "Where results go (default: out/NAME; with --all: DIR/NAME).")
  private @Nullable Path out;

  @Mixin
  private final Binaries binaries = new Binaries();

  @Mixin
  private final Output output = new Output();

  @Override
  public Integer call() throws IOException {
    output.open();
    check();
    try (Lathe lathe = device.isEmpty() ? Lathe.best() : Lathe.on(device)) {
      if (name != null) {
        ZooModel model = Names.model(name);
        Path directory = out != null ? out : resume != null ? resume : Path.of("out", name);
        return train(model, lathe, directory).passed() ? 0 : 1;
      }
      return trainAll(lathe);
    }
  }

  private void check() {
    if (name == null && !all) {
      throw new CannotRun("train needs the NAME of a model, or --all; ./lathe models lists them");
    }
    if (name != null && all) {
      throw new CannotRun("train " + name + " --all: name one model, or ask for all");
    }
    if (family != null && !all) {
      throw new CannotRun("--family " + family + ": only with --all");
    }
    if (all && resume != null) {
      throw new CannotRun("--resume " + resume + ": one run is resumed at a time; name its model");
    }
    if (all && data != null) {
      throw new CannotRun("--data " + data + ": with --all each model has its own data");
    }
    if (epochs != null && epochs < 1) {
      throw new CannotRun("--epochs " + epochs + ": expected at least 1");
    }
    if (name != null) {
      Names.model(name);
    } else {
      Names.family(family);
    }
  }

  private TrainResult train(ZooModel model, Lathe lathe, Path directory) throws IOException {
    TrainingListener listener = new Lines(model.name()).and(new ProgressBarListener());
    TrainResult result = model.train(new TrainRequest(lathe, seed, epochs, data, directory, resume, listener));
    output.text(
        model.name() + " on " + lathe.device().info().id() + ": " + result.metric() + " "
            + Units.significant(result.value())
            + (result.passed() ? ", reaches" : ", misses") + " its bar of " + Units.significant(result.bar()) + ", "
            + Units.significant(result.seconds()) + " s; checkpoint " + result.checkpoint());
    output.event("done", Output.fields(
        "model", model.name(), "device", lathe.device().info().id(), "metric", result.metric(), "value", result.value(),
        "bar", result.bar(), "passed", result.passed(), "seconds", result.seconds(),
        "checkpoint", String.valueOf(result.checkpoint())));
    return result;
  }

  /** One after the other, each in a directory of its own. A model that cannot run does not keep the others from running. */
  private int trainAll(Lathe lathe) throws IOException {
    List<ZooModel> models = Names.family(family);
    if (models.isEmpty()) {
      throw new CannotRun("--family " + family + ": it has no model yet");
    }
    Path directory = out != null ? out : Path.of("out");
    List<List<String>> rows = new ArrayList<>(
        List.of(List.of("model", "family", "metric", "value", "bar", "passed", "seconds")));
    int passed = 0;
    int broken = 0;
    double seconds = 0;
    for (ZooModel model : models) {
      TrainResult r;
      try {
        r = train(model, lathe, directory.resolve(model.name()));
      } catch (IOException | RuntimeException e) {
        broken++;
        Output.note(model.name() + " could not be trained: " + e);
        output.event("done", Output.fields(
            "model", model.name(), "device", lathe.device().info().id(), "metric", model.metric(), "value", Double.NaN,
            "bar", model.bar(), "passed", false, "error", String.valueOf(e.getMessage())));
        rows.add(List.of(model.name(), model.family(), model.metric(), "-", Units.significant(model.bar()), "NO", "-"));
        continue;
      }
      passed += r.passed() ? 1 : 0;
      seconds += r.seconds();
      rows.add(List.of(
          model.name(), model.family(), r.metric(), Units.significant(r.value()), Units.significant(r.bar()),
          r.passed() ? "yes" : "NO", Units.significant(r.seconds())));
    }
    output.table(rows);
    output.event("done", Output.fields(
        "models", models.size(), "passed", passed, "failed", models.size() - passed, "seconds", seconds,
        "device", lathe.device().info().id()));
    return broken > 0 ? 2 : passed == models.size() ? 0 : 1;
  }

  private final class Lines implements TrainingListener {
    private final String model;

    Lines(String model) {
      this.model = model;
    }

    @Override
    public void epochEnded(EpochRecord record) {
      Map<String, Object> fields = new LinkedHashMap<>(
          Output.fields("model", model, "epoch", record.epoch(), "loss", record.loss()));
      fields.putAll(record.metrics());
      fields.put("seconds", record.seconds());
      output.event("epoch", fields);
      StringBuilder line = new StringBuilder("epoch " + record.epoch() + "  loss " + Units.significant(record.loss()));
      record.metrics()
          .forEach((metric, value) -> line.append("  ").append(metric).append(' ').append(Units.significant(value)));
      output.text(line + "  " + Units.significant(record.seconds()) + " s");
    }

    @Override
    public void note(String text) {
      output.text(text);
    }
  }
}
