package org.lathe.models.zoo;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.lathe.models.zoo.adversarial.Adversarial;
import org.lathe.models.zoo.agents.Agents;
import org.lathe.models.zoo.autoencoders.Autoencoders;
import org.lathe.models.zoo.autoregressive.Autoregressive;
import org.lathe.models.zoo.convolutional.Convolutional;
import org.lathe.models.zoo.energy.Energy;
import org.lathe.models.zoo.flows.Flows;
import org.lathe.models.zoo.model.ZooModel;
import org.lathe.models.zoo.neurons.Neurons;
import org.lathe.models.zoo.recurrent.RecurrentNetworks;
import org.lathe.models.zoo.regression.Regression;
import org.lathe.models.zoo.seq2seq.SequenceToSequence;
import org.lathe.models.zoo.words.Words;

/** All models, by family. */
public final class Zoo {
  private static final Map<String, List<ZooModel>> FAMILIES = new LinkedHashMap<>();

  static {
    FAMILIES.put(Neurons.FAMILY, Neurons.models());
    FAMILIES.put(Regression.FAMILY, Regression.models());
    FAMILIES.put(Energy.FAMILY, Energy.models());
    FAMILIES.put(Convolutional.FAMILY, Convolutional.models());
    FAMILIES.put(Autoencoders.FAMILY, Autoencoders.models());
    FAMILIES.put(RecurrentNetworks.FAMILY, RecurrentNetworks.models());
    FAMILIES.put(SequenceToSequence.FAMILY, SequenceToSequence.models());
    FAMILIES.put(Words.FAMILY, Words.models());
    FAMILIES.put(Autoregressive.FAMILY, Autoregressive.models());
    FAMILIES.put(Flows.FAMILY, Flows.models());
    FAMILIES.put(Adversarial.FAMILY, Adversarial.models());
    FAMILIES.put(Agents.FAMILY, Agents.models());
  }

  private static final List<ZooModel> MODELS = FAMILIES.values().stream().flatMap(List::stream).toList();

  private Zoo() {}

  public static List<ZooModel> models() {
    return MODELS;
  }

  /** The names of all families, those without a model included. */
  public static List<String> families() {
    return List.copyOf(FAMILIES.keySet());
  }

  /** The models of a family; empty if there is no such family. */
  public static Optional<List<ZooModel>> family(String name) {
    return Optional.ofNullable(FAMILIES.get(name));
  }

  public static List<String> names() {
    return MODELS.stream().map(ZooModel::name).toList();
  }

  public static Optional<ZooModel> find(String name) {
    return MODELS.stream().filter(m -> m.name().equals(name)).findFirst();
  }
}
