package org.lathe.models.zoo;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.lathe.compiler.runtime.Lathe;
import org.lathe.hal.device.Drivers;
import org.lathe.hal.program.Program;
import org.lathe.hal.program.Step;
import org.lathe.models.train.StepGraph;
import org.lathe.models.train.TrainingListener;
import org.lathe.models.zoo.model.RunRequest;
import org.lathe.models.zoo.model.TrainRequest;
import org.lathe.models.zoo.model.TrainResult;
import org.lathe.models.zoo.model.ZooModel;

/**
 * What {@link ZooModel#allSteps} lists is all that training compiles: a device that compiles ahead of time has nothing else.
 * The device records programs and runs none, so that an epoch costs little; what is compiled must not depend on results.
 */
class StepsTest {
  private static final int TRAIN = 3_000;
  /** As many as of the digits that are made: the ensemble's networks see them all at once. */
  private static final int TEST = 2_000;

  /** Few pictures without anything on them: what is compiled does not depend on how many there are to train on. */
  @TempDir
  private static Path mnist;

  @TempDir
  private Path directory;

  @BeforeAll
  static void makePictures() throws IOException {
    makePictures("train", TRAIN);
    makePictures("t10k", TEST);
  }

  private static void makePictures(String part, int count) throws IOException {
    Files.write(mnist.resolve(part + "-images-idx3-ubyte"), idx(0x803, count, 28, 28));
    Files.write(mnist.resolve(part + "-labels-idx1-ubyte"), idx(0x801, count));
  }

  private static byte[] idx(int magic, int... shape) {
    ByteBuffer b = ByteBuffer.allocate(4 + 4 * shape.length + Arrays.stream(shape).reduce(1, (x, y) -> x * y));
    b.putInt(magic);
    Arrays.stream(shape).forEach(b::putInt);
    return b.array();
  }

  static Stream<ZooModel> models() {
    return Zoo.models().stream();
  }

  @ParameterizedTest
  @MethodSource("models")
  void trainingAndRunningCompileNothingElse(ZooModel model) throws IOException {
    RecordingDevice device = new RecordingDevice(Drivers.installed().open("cpu"));
    try (Lathe lathe = Lathe.over(device)) {
      Set<List<Step>> listed = new HashSet<>();
      for (var step : model.allSteps()) {
        StepGraph g = step.trace();
        listed.add(unlabelled(Lathe.program(g.graph(), device.capabilities(), g.donations()).steps()));
      }
      String data = model.data().contains("mnist:DIR") ? "mnist:" + mnist : null;
      // Several steps may be of several phases, each of some epochs: then all are run.
      Integer epochs = model.blueprint(model.batch()).training().size() > 2 ? null : 1;
      TrainResult trained = model
          .train(new TrainRequest(lathe, 1, epochs, data, directory, null, TrainingListener.NONE));
      assertEquals(
          List.of(), missing(device, listed), "runSteps() of '" + model.name() + "' lacks steps that train() compiles");
      model.run(new RunRequest(lathe, trained.checkpoint(), null, 1, null, directory, (kind, line, fields) -> {}));
      assertEquals(
          List.of(), missing(device, listed), "runSteps() of '" + model.name() + "' lacks steps that run() compiles");
    }
  }

  private static List<String> missing(RecordingDevice device, Set<List<Step>> listed) {
    return device.prepared().stream().filter(p -> !listed.contains(unlabelled(p.steps()))).map(Program::name).toList();
  }

  /** Labels are for people: the same computation traced from another place has others. */
  private static List<Step> unlabelled(List<Step> steps) {
    return steps.stream().map(s -> switch (s) {
      case Step.Dispatch d -> (Step) new Step.Dispatch(d.spec(), d.inputs(), d.outputs(), "");
      case Step.Loop(long trips, List<Step> body) -> new Step.Loop(trips, unlabelled(body));
      case Step.Branch(var predicate, List<Step> then, List<Step> otherwise) ->
        new Step.Branch(predicate, unlabelled(then), unlabelled(otherwise));
    }).toList();
  }
}
