package org.lathe.models.train;

import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.lathe.compiler.op.LossOps;
import org.lathe.compiler.op.Tensor;
import org.lathe.compiler.runtime.Lathe;
import org.lathe.models.data.Points;
import org.lathe.models.nets.Mlp;
import org.lathe.models.nn.Initializer;
import org.lathe.models.optim.Adam;

class AllocationTest {
  private static final int STEPS = 2000;

  /**
   * What a training does around the run of a step, the batch and the loss, leaves nothing to collect. That the run itself
   * does not, once its vector code is compiled, is for the backend's tests to show.
   */
  @Test
  void fillingABatchAndReadingTheLossAllocateNothing() {
    try (Lathe lathe = Lathe.on("cpu"); ModelState state = new ModelState(lathe, 1)) {
      Mlp model = new Mlp(Tensor::relu, Initializer.he(), 2, 16, 2);
      Step step = Step.training(
          "train",
          model,
          List.of(Field.floats("x", 32, 2), Field.ints("label", 32)),
          c -> {
            Tensor loss = LossOps.softmaxCrossEntropy(model.apply(c.input("x")), c.input("label")).mean();
            c.minimize(loss, Group.of(model, new Adam(1e-3)));
            c.report("loss", loss);
          });
      try (BoundStep bound = BoundStep.bind(step, state)) {
        Batches batches = new Batches(Points.twoMoons(320, 0.1, 1), bound, 1);
        bound.run();
        allocated(batches, bound);
        long bytes = allocated(batches, bound);
        assertTrue(bytes < STEPS, STEPS + " iterations allocated " + bytes + " bytes");
      }
    }
  }

  private static long allocated(Batches batches, BoundStep step) {
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    double sum = 0;
    long before = threads.getCurrentThreadAllocatedBytes();
    for (int i = 0; i < STEPS; i++) {
      batches.fill(i % 10);
      sum += step.value("loss");
    }
    long after = threads.getCurrentThreadAllocatedBytes();
    assertTrue(Double.isFinite(sum));
    return after - before;
  }
}
