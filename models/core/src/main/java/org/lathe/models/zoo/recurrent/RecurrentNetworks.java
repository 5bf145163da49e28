package org.lathe.models.zoo.recurrent;

import java.util.List;
import org.lathe.hal.spec.Recurrence.Cell;
import org.lathe.models.nets.SequenceTagger;
import org.lathe.models.nn.Elman;
import org.lathe.models.nn.Jordan;
import org.lathe.models.nn.Recurrent;
import org.lathe.models.zoo.model.ZooModel;

/** Recurrent networks. */
public final class RecurrentNetworks {
  /** As in {@code --family}. */
  public static final String FAMILY = "recurrent";

  private static final double TRACE = 0.6;

  private RecurrentNetworks() {}

  /** Its models, in the order in which they are listed. */
  public static List<ZooModel> models() {
    return List.of(
        new TaggerModel(
            "jordan", "Jordan 1986", new TaggerModel.Training(1e-2, 3, 18, null),
            s -> SequenceTagger.ofLogits(s.vocabulary(), s.width(),
                new Jordan(s.width(), s.hidden(), s.classes(), TRACE))),
        new TaggerModel(
            "elman", "Elman 1990",
            new TaggerModel.Training(1e-2, 3, 8, "backpropagation through one step: the context is input"),
            s -> SequenceTagger.of(s.vocabulary(), s.width(), new Elman(s.width(), s.hidden()), s.hidden(),
                s.classes())),
        new TaggerModel(
            "rnn", "Werbos 1990", new TaggerModel.Training(5e-3, 3, 3, null),
            s -> SequenceTagger.of(
                s.vocabulary(), s.width(), Recurrent.plain(s.width(), s.hidden(), 1), s.hidden(), s.classes())),
        new GatedModel("lstm", "Hochreiter and Schmidhuber 1997", Cell.LSTM),
        new GatedModel("gru", "Cho et al. 2014", Cell.GRU),
        new TcnModel(),
        new BirnnModel(),
        new SentimentModel(),
        new ScheduledSamplingModel(),
        new CaptionerModel());
  }
}
