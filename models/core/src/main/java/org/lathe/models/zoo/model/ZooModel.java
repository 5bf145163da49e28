package org.lathe.models.zoo.model;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.lathe.compiler.ir.Graph;
import org.lathe.compiler.ir.Literal;
import org.lathe.compiler.lower.Donation;
import org.lathe.models.bench.StepWorkload.Values;
import org.lathe.models.bench.StepWorkload;
import org.lathe.models.bench.Workload;
import org.lathe.models.train.EarlyStopping.Direction;
import org.lathe.models.train.Flops;
import org.lathe.models.train.GradientCheck;
import org.lathe.models.train.ModelState;
import org.lathe.models.train.Step;
import org.lathe.models.train.StepGraph;

/** A model that Lathe trains: what it is, how it is trained, and how it is checked and timed. Stateless; any thread. */
public abstract class ZooModel {
  private static final long CHECK_BATCH = 3;

  private final Card card;

  protected ZooModel(Card card) {
    this.card = card;
  }

  public final Card card() {
    return card;
  }

  public final String name() {
    return card.name();
  }

  public final String family() {
    return card.family();
  }

  public final String paper() {
    return card.paper();
  }

  /** What the bar is held against. */
  public final String metric() {
    return card.metric();
  }

  public final double bar() {
    return card.bar();
  }

  public final boolean higherIsBetter() {
    return card.direction() == Direction.HIGHER;
  }

  /** What it is trained on unless told otherwise. */
  public final String data() {
    return card.data();
  }

  /** The number of trained values. */
  public final long parameters() {
    return blueprint(1).inference().model().parameterCount();
  }

  /** The arithmetic of one example's forward pass; see {@link Flops}. */
  public final long flops() {
    return Flops.of(blueprint(1).inference().trace().graph());
  }

  /**
   * Trains it, writes checkpoints, curves and samples, and measures it.
   *
   * @throws IOException if data or a checkpoint cannot be read or written; the message is one line
   * @throws RequestException if the request asks for what the model does not have
   */
  public abstract TrainResult train(TrainRequest request) throws IOException;

  /**
   * Predicts or generates with trained parameters; each result goes to the request's listener.
   *
   * @return what was measured over all results, by name, such as the accuracy
   * @throws IOException if data or the checkpoint cannot be read, or a picture cannot be written; the message is one line
   * @throws RequestException if the request asks for what the model does not have
   */
  public abstract Map<String, Double> run(RunRequest request) throws IOException;

  /**
   * The parameters that {@code step} needs, from the request's checkpoint. Closed by the caller.
   *
   * @param name of the model in the checkpoint
   */
  protected static ModelState load(RunRequest request, String name, Step step) throws IOException {
    return request.parameters(name, step);
  }

  /** The model and its steps for batches of this size. */
  public abstract Blueprint blueprint(long batch);

  /** A smaller model of the same kind, for checks in the oracle. */
  public Blueprint checkBlueprint() {
    return blueprint(CHECK_BATCH);
  }

  /** The batch size that it is trained with. */
  public abstract long batch();

  /**
   * The steps that {@link #train} compiles beside the blueprint's, and {@link #run} for a request that leaves everything
   * open; none where what it runs depends on the checkpoint.
   */
  public List<Step> runSteps() {
    return List.of();
  }

  /** Every step that training, running and benchmarks compile: what a device that compiles ahead of time needs. */
  public final List<Step> allSteps() {
    List<Step> all = new ArrayList<>();
    Blueprint plan = blueprint(batch());
    all.addAll(plan.training());
    all.add(plan.inference());
    if (batch() != 1) {
      all.add(blueprint(1).inference());
    }
    all.addAll(runSteps());
    return all;
  }

  /**
   * What checkpoints of the blueprint's steps are called. A model of several parts, each trained on its own, names the
   * part as {@code MODEL/PART}.
   */
  public String checkpointName() {
    return name();
  }

  /** Fills the inputs of its steps in benchmarks and checks. */
  public abstract Values values();

  /**
   * A graph with inputs, to be compared on a device with the oracle.
   *
   * @param what which step of the model
   * @param inputs one for each of the graph's
   */
  public record Verification(String what, Graph graph, List<Literal> inputs, List<Donation> donations) {}

  /** Its training steps (forward, backward, update) and its inference, small enough for the oracle. */
  public final List<Verification> verifications() {
    Blueprint plan = checkBlueprint();
    List<Verification> all = new ArrayList<>();
    List<Step> steps = new ArrayList<>(plan.training());
    steps.add(plan.inference());
    for (Step step : steps) {
      StepGraph g = step.trace();
      all.add(new Verification(step.name(), g.graph(), g.arguments(values().batch(step, 1), 1), g.donations()));
    }
    return all;
  }

  /**
   * What came of checking gradients.
   *
   * @param results one for each loss that is minimised
   * @param skipped why a step was not checked, by the step's name: it follows a learning rule without a gradient
   */
  public record GradientReport(List<GradientCheck.Result> results, Map<String, String> skipped) {
    public GradientReport {
      results = List.copyOf(results);
      skipped = Collections.unmodifiableMap(new LinkedHashMap<>(skipped));
    }
  }

  /**
   * Each loss's gradient against finite differences in float64, along one random direction.
   *
   * @throws IllegalStateException if a training step minimises nothing and names no other rule
   */
  public final GradientReport checkGradients(long seed) {
    List<GradientCheck.Result> all = new ArrayList<>();
    Map<String, String> skipped = new LinkedHashMap<>();
    for (Step step : checkBlueprint().training()) {
      if (step.rule() != null) {
        skipped.put(step.name(), "it learns by " + step.rule() + ", which is not the gradient of a loss");
        continue;
      }
      StepGraph g = step.traceGradients();
      List<GradientCheck.Result> found = GradientCheck.run(g, g.arguments(values().batch(step, seed), seed), seed);
      if (found.isEmpty()) {
        throw new IllegalStateException(
            "training step '" + step.name() + "' of '" + name() + "' minimises nothing; make it with Step.rule");
      }
      all.addAll(found);
    }
    return new GradientReport(all, skipped);
  }

  /** One training iteration, and one inference of one example. */
  public final List<Workload> workloads() {
    long training = blueprint(batch()).training().stream().mapToLong(s -> Flops.of(s.trace().graph())).sum();
    return List.of(
        new Workload(name() + "-train", training, false,
            new StepWorkload(() -> blueprint(batch()).training(), values())),
        new Workload(
            name() + "-infer-1", flops(), false, new StepWorkload(() -> List.of(blueprint(1).inference()), values())));
  }
}
