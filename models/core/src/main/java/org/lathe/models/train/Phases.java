package org.lathe.models.train;

import java.util.List;
import java.util.Map;

/**
 * A training in phases, one task after the other over the same state: layer by layer, then all together. Its epochs are
 * those of the first phase, then those of the second, and so on; a run is stopped and resumed in any of them.
 */
public final class Phases implements TrainingTask {
  private final List<Phase> phases;

  /**
   * A part of the training.
   *
   * @param epochs how many; the task sees them numbered from 0
   */
  public record Phase(int epochs, TrainingTask task) {
    public Phase {
      if (epochs < 1) {
        throw new IllegalArgumentException("a phase has at least one epoch, not " + epochs);
      }
    }
  }

  public Phases(List<Phase> phases) {
    this.phases = List.copyOf(phases);
  }

  /** The epochs of all phases. */
  public int epochs() {
    return phases.stream().mapToInt(Phase::epochs).sum();
  }

  /** Where an epoch of the whole training lies. Epochs past the end go on with the last phase. */
  private record Place(TrainingTask task, int epoch) {}

  private Place place(int epoch) {
    int left = epoch;
    for (Phase p : phases.subList(0, phases.size() - 1)) {
      if (left < p.epochs()) {
        return new Place(p.task(), left);
      }
      left -= p.epochs();
    }
    return new Place(phases.getLast().task(), left);
  }

  @Override
  public int iterationsPerEpoch() {
    return phases.getFirst().task().iterationsPerEpoch();
  }

  @Override
  public int iterations(int epoch) {
    Place p = place(epoch);
    return p.task().iterations(p.epoch());
  }

  @Override
  public void beginEpoch(int epoch) {
    Place p = place(epoch);
    p.task().beginEpoch(p.epoch());
  }

  @Override
  public double iterate(int epoch, int index) {
    Place p = place(epoch);
    return p.task().iterate(p.epoch(), index);
  }

  @Override
  public Map<String, Double> evaluate(int epoch) {
    Place p = place(epoch);
    return p.task().evaluate(p.epoch());
  }
}
