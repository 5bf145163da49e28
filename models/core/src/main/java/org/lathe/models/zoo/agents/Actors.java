package org.lathe.models.zoo.agents;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Supplier;
import org.lathe.models.train.ModelState;
import org.lathe.models.train.TrainingTask;

/** The actors of {@link A3cModel}, a thread for each, which they keep. Closed before the state. */
final class Actors implements AutoCloseable {
  private final List<Actor> all = new ArrayList<>();
  private final List<ExecutorService> threads = new ArrayList<>();
  private final Sizes sizes;
  private final ReturnLog log;

  /**
   * How many of what.
   *
   * @param environments of each actor
   * @param steps of a rollout
   * @param rollouts of each actor in an iteration
   */
  record Sizes(int actors, int environments, int steps, int rollouts) {}

  Actors(A3cModel.Nets nets, ModelState state, Sizes sizes) {
    this.sizes = sizes;
    log = new ReturnLog(state);
    try {
      for (int i = 0; i < sizes.actors(); i++) {
        all.add(new Actor(nets, state, i, sizes, log));
        threads.add(Executors.newSingleThreadExecutor(Thread.ofPlatform().name("actor-" + i).daemon().factory()));
      }
    } catch (RuntimeException e) {
      close();
      throw e;
    }
  }

  ReturnLog log() {
    return log;
  }

  /** An iteration has each actor make its rollouts, with no order among the actors, and waits for all of them. */
  TrainingTask task(int iterations, Supplier<Map<String, Double>> evaluation) {
    return new TrainingTask() {
      @Override
      public int iterationsPerEpoch() {
        return iterations;
      }

      @Override
      public void beginEpoch(int epoch) {
        all.forEach(Actor::restore);
        log.restore();
      }

      @Override
      public double iterate(int epoch, int index) {
        double loss = run((long) epoch * iterations + index);
        all.forEach(Actor::save);
        log.save();
        return loss;
      }

      @Override
      public Map<String, Double> evaluate(int epoch) {
        return evaluation.get();
      }
    };
  }

  private double run(long iteration) {
    List<Future<Double>> running = new ArrayList<>();
    for (int i = 0; i < all.size(); i++) {
      Actor actor = all.get(i);
      Callable<Double> work = () -> {
        double loss = 0;
        for (int r = 0; r < sizes.rollouts(); r++) {
          loss += actor.rollout(iteration * sizes.rollouts() + r);
        }
        return loss / sizes.rollouts();
      };
      running.add(threads.get(i).submit(work));
    }
    double sum = 0;
    RuntimeException failed = null;
    for (Future<Double> f : running) {
      try {
        sum += f.get();
      } catch (ExecutionException e) {
        failed = failed != null ? failed : new IllegalStateException("an actor failed: " + e.getCause(), e.getCause());
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        failed = new IllegalStateException("the training was interrupted while it waited for its actors", e);
      }
    }
    if (failed != null) {
      throw failed;
    }
    return sum / all.size();
  }

  @Override
  public void close() {
    threads.forEach(ExecutorService::close);
    all.forEach(Actor::close);
  }
}
