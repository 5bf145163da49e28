package org.lathe.models.zoo.seq2seq;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.lathe.models.data.Grammar;
import org.lathe.models.train.Batches;
import org.lathe.models.train.BoundStep;
import org.lathe.models.train.Buckets;
import org.lathe.models.train.EarlyStopping.Direction;
import org.lathe.models.train.EarlyStopping;
import org.lathe.models.train.ModelState;
import org.lathe.models.train.Trainer;
import org.lathe.models.zoo.model.TrainRequest;

/** Trainings of translators. */
final class Lessons {
  private static final int VALIDATION = 256;

  private Lessons() {}

  /**
   * How long a course is.
   *
   * @param sentences in its training set
   * @param epochs at most
   * @param goal the share of exact translations of held-out sentences at which it ends
   */
  record Length(int sentences, int epochs, double goal) {}

  /** What is done with a model after its training. */
  interface Taught<T> {
    T apply(ModelState state, Trainer.Outcome outcome) throws IOException;
  }

  /** Trains a course's model and hands it on; its state ends with the call. */
  static <T> T teach(Course course, String name, Length length, TrainRequest request, Taught<T> then)
      throws IOException {
    List<Bitext.Bucket> buckets = course.buckets();
    try (ModelState state = new ModelState(request.lathe(), request.seed())) {
      List<BoundStep> steps = new ArrayList<>();
      try (Interpreter greedy = new Interpreter(course, state, buckets, 1)) {
        List<Buckets.Bucket> batches = new ArrayList<>();
        List<Grammar.Sentence> all = Grammar.compounds(length.sentences(), 1, course.parts(), request.seed());
        for (Bitext.Bucket bucket : buckets) {
          BoundStep step = BoundStep.bind(course.training(Course.BATCH, bucket), state);
          steps.add(step);
          List<Grammar.Sentence> held = all.stream()
              .filter(s -> Bitext.bucketOf(buckets, s.words().size()).equals(bucket)).toList();
          batches.add(new Buckets.Bucket(step, new Batches(Bitext.dataset(held, bucket), step, request.seed())));
        }
        List<Grammar.Sentence> held = Grammar.compounds(VALIDATION, 1, course.parts(), request.seed() + 1);
        Trainer.Outcome outcome = Trainer.train(
            state,
            new Buckets(batches, request.seed(), () -> Map.of("exact", greedy.exact(held))),
            request.options(name, length.epochs()).withStopping(
                EarlyStopping.of("exact", Direction.HIGHER, length.epochs()).withGoal(length.goal())));
        return then.apply(state, outcome);
      } finally {
        steps.forEach(BoundStep::close);
      }
    }
  }
}
