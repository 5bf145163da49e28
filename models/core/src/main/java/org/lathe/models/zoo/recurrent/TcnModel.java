package org.lathe.models.zoo.recurrent;

import java.io.IOException;
import java.util.List;
import java.util.Map;
import org.lathe.compiler.op.Tensor;
import org.lathe.models.bench.StepWorkload.Values;
import org.lathe.models.nets.TemporalConvolution;
import org.lathe.models.nn.Layer;
import org.lathe.models.nn.Linear;
import org.lathe.models.nn.Module;
import org.lathe.models.optim.Schedule;
import org.lathe.models.train.EarlyStopping.Direction;
import org.lathe.models.train.Step;
import org.lathe.models.zoo.model.Blueprint;
import org.lathe.models.zoo.model.Card;
import org.lathe.models.zoo.model.RunRequest;
import org.lathe.models.zoo.model.TrainRequest;
import org.lathe.models.zoo.model.TrainResult;
import org.lathe.models.zoo.model.ZooModel;
import org.lathe.models.zoo.parts.DataSource;

/**
 * A temporal convolutional network (Bai, Kolter and Koltun 2018; see {@link TemporalConvolution}) on the adding problem: x
 * [batch, 100, 2] to the sum of the two marked values, [batch, 1], read from the last step.
 */
final class TcnModel extends ZooModel {
  private static final int CHANNELS = 24;
  private static final int SIZE = 6;
  private static final int LEVELS = 4;
  private static final int EPOCHS = 10;
  private static final double GOAL = 0.003;

  TcnModel() {
    super(
        new Card(
            "tcn", RecurrentNetworks.FAMILY, "Bai, Kolter and Koltun 2018", "squared_error", Direction.LOWER,
            AddingProblem.BAR, "sequences: the adding problem"));
  }

  private static final class Net extends Module implements Layer {
    private final TemporalConvolution body;
    private final Linear out;

    Net(long channels, long size, int levels) {
      body = child("body", new TemporalConvolution(2, channels, size, levels));
      out = child("out", new Linear(channels, 1));
    }

    @Override
    public Tensor apply(Tensor x) {
      return out.apply(body.apply(x.transpose()).at(2, -1));
    }
  }

  private AddingProblem adding(long channels, long size, int levels) {
    return new AddingProblem(
        name(),
        () -> {
          Net net = new Net(channels, size, levels);
          return new AddingProblem.Net(net, net);
        },
        Schedule.exponential(4e-3, 0.5, 800),
        EPOCHS,
        GOAL);
  }

  private AddingProblem adding() {
    return adding(CHANNELS, SIZE, LEVELS);
  }

  @Override
  public Blueprint blueprint(long batch) {
    return adding().blueprint(batch, AddingProblem.STEPS);
  }

  @Override
  public Blueprint checkBlueprint() {
    return adding(3, 3, 2).blueprint(2, 7);
  }

  @Override
  public long batch() {
    return AddingProblem.BATCH;
  }

  @Override
  public Values values() {
    return SequenceValues.of(2);
  }

  @Override
  public TrainResult train(TrainRequest request) throws IOException {
    DataSource.none(name(), request.data());
    return adding().train(request);
  }

  @Override
  public List<Step> runSteps() {
    return adding().steps();
  }

  @Override
  public Map<String, Double> run(RunRequest request) throws IOException {
    DataSource.none(name(), request.data());
    return adding().run(request, ZooModel::load);
  }
}
