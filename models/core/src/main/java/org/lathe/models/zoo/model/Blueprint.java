package org.lathe.models.zoo.model;

import java.util.List;
import org.lathe.models.train.Step;

/**
 * A fresh model and what is done with it.
 *
 * @param training the steps of one iteration
 * @param inference one forward pass
 */
public record Blueprint(List<Step> training, Step inference) {
  public Blueprint {
    training = List.copyOf(training);
  }
}
