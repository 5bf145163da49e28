package org.lathe.backends.simt.schedule;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.lathe.backends.simt.plan.Site;
import org.lathe.hal.Dims;
import org.lathe.hal.spec.Reduce;
import org.lathe.hal.spec.View;

/** A reduction over as few dimensions as its views allow, with what its kernels share. */
final class Reduction {
  final Reduce spec;
  final Site site;
  /** The kept dimensions, then the reduced ones. */
  final Nest nest;
  final List<View> inputs;
  /** The epilogue's inputs and the outputs, over the kept dimensions. */
  final List<View> extra;
  final List<View> outputs;
  final List<Fold.Kind> kinds = new ArrayList<>();

  Reduction(Reduce spec, Site site) {
    this(spec, site, nest(spec));
  }

  private Reduction(Reduce spec, Site site, Nest nest) {
    this.spec = spec;
    this.site = site;
    this.nest = nest;
    int producers = spec.inputViews().size();
    int all = producers + spec.epilogueInputs().size();
    inputs = nest.views.subList(0, producers);
    extra = keptOnly(nest, nest.views.subList(producers, all));
    outputs = keptOnly(nest, nest.views.subList(all, nest.views.size()));
    for (int j = 0; j < spec.combiners().size(); j++) {
      kinds.add(new Fold.Kind(spec.combiners().get(j), spec.producer().resultType(j).compute()));
    }
  }

  private static Nest nest(Reduce spec) {
    List<View> views = new ArrayList<>(spec.inputViews());
    spec.epilogueInputs().forEach(v -> views.add(Nest.lifted(v, spec.reduced())));
    spec.outputViews().forEach(v -> views.add(Nest.lifted(v, spec.reduced())));
    Set<Integer> counted = new HashSet<>(Nest.counted(spec.producer()));
    counted.addAll(Nest.counted(spec.epilogue()));
    return Nest.of(spec.space(), spec.kept().rank(), views, counted, null);
  }

  private static List<View> keptOnly(Nest nest, List<View> views) {
    return views.stream().map(v -> Nest.first(v, nest.firstPart)).toList();
  }

  /** The same with kept dimension {@code d} as the last of them. */
  Reduction withLast(int d) {
    return new Reduction(spec, site, nest.withLast(d));
  }

  Dims kept() {
    return nest.first();
  }

  Dims reduced() {
    return nest.second();
  }

  /** The operations of the whole reduction. */
  double cost() {
    return spec.space().product() * (1.0 + spec.producer().operations() + spec.combiners().size());
  }

  /** How many inputs are read one element after the other along this dimension, less those that leap. */
  int contiguous(int d) {
    int n = 0;
    for (View v : inputs) {
      long stride = v.strides().get(d);
      n += stride == 1 ? 1 : stride == 0 ? 0 : -1;
    }
    return n;
  }

  /** The kept dimension along which most inputs are contiguous, -1 if none is. */
  int keptLine() {
    int best = -1;
    for (int d = 0; d < nest.firstPart; d++) {
      if (contiguous(d) > 0 && (best < 0 || contiguous(d) >= contiguous(best))) {
        best = d;
      }
    }
    return best;
  }

  /** Whether the last reduced dimension is the one to go along, rather than a kept one. */
  boolean goesAlong() {
    int last = nest.rank() - 1;
    if (last < nest.firstPart) {
      return false;
    }
    int line = keptLine();
    return line < 0 || contiguous(last) > contiguous(line)
        || contiguous(last) == contiguous(line) && nest.space.get(last) >= nest.space.get(line);
  }
}
