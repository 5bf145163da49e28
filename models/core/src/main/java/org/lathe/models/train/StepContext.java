package org.lathe.models.train;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.lathe.compiler.ir.Graph;
import org.lathe.compiler.ir.GraphBuilder;
import org.lathe.compiler.ir.TensorType;
import org.lathe.compiler.ir.Value;
import org.lathe.compiler.lower.Donation;
import org.lathe.compiler.op.Gradients;
import org.lathe.compiler.op.Tensor;
import org.lathe.compiler.trace.RandomKey;
import org.lathe.compiler.trace.Tracer;
import org.lathe.hal.DType;
import org.lathe.models.nn.Forward;
import org.lathe.models.nn.Initializer;
import org.lathe.models.nn.Module;
import org.lathe.models.nn.Parameter;
import org.lathe.models.optim.Optimizer;

/** A step while it is traced: what its body computes with. Belongs to the tracing thread. */
public final class StepContext {
  private final Step step;
  private final boolean gradientsOnly;
  private final GraphBuilder builder;
  private final Forward forward;
  private final Map<Parameter, String> names = new IdentityHashMap<>();
  private final Map<String, Tensor> inputs = new LinkedHashMap<>();
  private final Map<String, StateEntry> entries = new LinkedHashMap<>();
  private final Map<String, Tensor> before = new HashMap<>();
  private final Map<String, Tensor> after = new HashMap<>();
  private final Map<String, Tensor> reports = new LinkedHashMap<>();

  StepContext(Step step, boolean gradientsOnly) {
    this.step = step;
    this.gradientsOnly = gradientsOnly;
    this.builder = Tracer.builder(step.name());
    this.forward = new Forward(this::parameter, step.training(), this::key);
    step.model().parameters().forEach((name, p) -> names.put(p, name));
  }

  StepGraph trace() {
    for (Field f : step.inputs()) {
      inputs.put(f.name(), new Tensor(builder, builder.input(f.name(), f.type())));
    }
    forward.run(
        () -> {
          step.body().accept(this);
          return this;
        });
    if (step.training() && !gradientsOnly) {
      countStep();
    }
    forward.updates().forEach(
        (p, value) -> {
          parameter(p);
          after.put(name(p), value);
        });
    return finish();
  }

  private StepGraph finish() {
    List<StateEntry> all = List.copyOf(entries.values());
    List<Value> outputs = new ArrayList<>();
    List<Donation> donations = new ArrayList<>();
    for (int i = 0; i < all.size(); i++) {
      Tensor updated = after.get(all.get(i).name());
      if (updated != null && !gradientsOnly) {
        donations.add(new Donation(step.inputs().size() + i, outputs.size()));
        outputs.add(updated.value());
      }
    }
    int changed = outputs.size();
    reports.values().forEach(t -> outputs.add(t.value()));
    Graph graph = builder.build(outputs);
    return new StepGraph(step.name(), graph, step.inputs(), all, donations, changed, List.copyOf(reports.keySet()));
  }

  /** An array of the batch. */
  public Tensor input(String name) {
    Tensor t = inputs.get(name);
    if (t == null) {
      throw new IllegalArgumentException(
          "step '" + step.name() + "' has no input '" + name + "', it has " + inputs.keySet());
    }
    return t;
  }

  /** Makes a value readable after each run, under a name. */
  public void report(String name, Tensor value) {
    if (reports.put(name, value) != null) {
      throw new IllegalArgumentException("step '" + step.name() + "' reports '" + name + "' twice");
    }
  }

  /** f32 scalar: how often this step has run before. */
  public Tensor stepNumber() {
    return key().at(0, 1).cast(DType.F32);
  }

  /**
   * Makes one step of the group's optimiser down the gradient of {@code loss}. From here on the group's parameters have
   * their new values, as constants: later losses do not differentiate through this update.
   */
  public void minimize(Tensor loss, Group group) {
    minimize(loss, group.part(), group);
  }

  /**
   * As {@link #minimize(Tensor, Group)}, but with the gradient at {@code copy}: an actor of asynchronous training learns on
   * a copy of its own, and changes the parameters that all share.
   *
   * @param copy has the same trained parameters as the group's part, in the same order
   */
  public void minimize(Tensor loss, Module copy, Group group) {
    List<Parameter> trained = new Group(group.name(), copy, group.optimizer(), group.clipping(), null).trained();
    if (!trained.stream().map(Parameter::type).toList()
        .equals(group.trained().stream().map(Parameter::type).toList())) {
      throw new IllegalArgumentException("the copy's parameters are not those of group '" + group.name() + "'");
    }
    List<Tensor> values = trained.stream().map(forward::value).toList();
    Tensor penalized = group.regularizer() == null ? loss : group.regularizer().addTo(loss, values);
    List<Tensor> gradients = Gradients.gradients(penalized, values);
    if (gradientsOnly) {
      report("loss." + group.name(), penalized);
      for (int i = 0; i < trained.size(); i++) {
        report("gradient." + name(trained.get(i)), gradients.get(i));
      }
      return;
    }
    List<Parameter> changed = group.trained();
    apply(group, changed, changed.stream().map(forward::value).toList(), gradients);
  }

  /**
   * Makes one step of the group's optimiser down gradients that were not derived from a loss but estimated, as contrastive
   * divergence does. Clipping and penalties apply as in {@link #minimize}.
   *
   * @param gradients one for each trained parameter of the group
   */
  public void descend(Group group, Map<Parameter, Tensor> gradients) {
    List<Parameter> trained = group.trained();
    if (!gradients.keySet().equals(Set.copyOf(trained))) {
      throw new IllegalArgumentException(
          "group '" + group.name() + "' trains " + trained.stream().map(this::name).toList()
              + ", gradients are given for "
              + gradients.keySet().stream().map(this::name).toList());
    }
    if (gradientsOnly) {
      return;
    }
    List<Tensor> values = trained.stream().map(forward::value).toList();
    List<Tensor> estimates = trained.stream().map(gradients::get).toList();
    if (group.regularizer() != null) {
      Tensor penalty = group.regularizer().addTo(values.getFirst().sum().mul(0), values);
      List<Tensor> slopes = Gradients.gradients(penalty, values);
      List<Tensor> sums = new ArrayList<>();
      for (int i = 0; i < slopes.size(); i++) {
        sums.add(estimates.get(i).add(slopes.get(i)));
      }
      estimates = sums;
    }
    apply(group, trained, values, estimates);
  }

  /**
   * Sets a trained parameter by a learning rule that is not an optimiser's. From here on it has this value, as a constant.
   *
   * @throws IllegalArgumentException if the value has another type than the parameter
   */
  public void assign(Parameter parameter, Tensor value) {
    name(parameter);
    forward.update(parameter, value.stopGradient());
  }

  /**
   * The source of the step's random numbers. Its draws differ with each run of a training step; in the body of a loop use
   * {@link RandomKey#at}.
   */
  public RandomKey random() {
    return forward.random();
  }

  private void apply(Group group, List<Parameter> trained, List<Tensor> values, List<Tensor> gradients) {
    List<Tensor> clipped = group.clipping().apply(gradients);
    Optimizer.Rule rule = group.optimizer().at(stepNumber());
    for (int i = 0; i < trained.size(); i++) {
      update(group, trained.get(i), values.get(i), clipped.get(i), rule);
    }
  }

  private void update(Group group, Parameter p, Tensor value, Tensor gradient, Optimizer.Rule rule) {
    List<Optimizer.Slot> slots = group.optimizer().slots();
    List<String> slotNames = slots.stream().map(s -> "optimizer." + group.name() + "." + s.name() + "." + name(p))
        .toList();
    List<Tensor> old = new ArrayList<>();
    for (int s = 0; s < slots.size(); s++) {
      old.add(slot(slotNames.get(s), p.type(), slots.get(s)));
    }
    Optimizer.Update made = rule.update(value, gradient, old);
    forward.update(p, made.parameter().stopGradient());
    for (int s = 0; s < slots.size(); s++) {
      after.put(slotNames.get(s), made.slots().get(s));
    }
  }

  private Tensor slot(String name, TensorType type, Optimizer.Slot slot) {
    Tensor updated = after.get(name);
    return updated != null
        ? updated
        : entry(new StateEntry(name, type, StateEntry.Kind.SLOT, Initializer.constant(slot.initial())));
  }

  private String name(Parameter p) {
    String name = names.get(p);
    if (name == null) {
      throw new IllegalStateException(
          "parameter '" + p.name() + "' is not of the model of step '" + step.name()
              + "'; make it with Module.parameter, and modules with Module.child");
    }
    return name;
  }

  private Tensor parameter(Parameter p) {
    StateEntry.Kind kind = p.isTrained() ? StateEntry.Kind.PARAMETER : StateEntry.Kind.STATE;
    return entry(new StateEntry(name(p), p.type(), kind, p.initializer()));
  }

  /** i64 [2]. */
  private Tensor key() {
    return entry(StateEntry.key(step.name()));
  }

  private void countStep() {
    after.put("step." + step.name(), new RandomKey(key()).next());
  }

  private Tensor entry(StateEntry e) {
    entries.putIfAbsent(e.name(), e);
    return before.computeIfAbsent(e.name(), n -> new Tensor(builder, builder.input(n, e.type())));
  }
}
