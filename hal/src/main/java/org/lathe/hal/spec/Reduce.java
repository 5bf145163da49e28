package org.lathe.hal.spec;

import java.util.ArrayList;
import java.util.List;
import org.lathe.hal.DType;
import org.lathe.hal.Dims;
import org.lathe.hal.expr.Combiner;
import org.lathe.hal.expr.Expr;

/**
 * A reduction with fused producers and an epilogue.
 *
 * <p>For each point of {@code kept}, {@code producer} is evaluated at each point of {@code reduced}; result {@code j} is
 * combined by {@code combiners[j]}. Then {@code epilogue} is evaluated once: its inputs 0..k-1 are the k combined
 * values (of {@link #combinedType}), further ones are read through {@code epilogueInputs} over {@code kept}; its results
 * are stored through {@code outputViews} over {@code kept}. With {@code reduced} empty the combined values are the
 * combiners' identities.
 *
 * <p>Producer views are over the space {@code kept ++ reduced}, and the producer's {@code Index} nodes count over it; the
 * index combiners give the row-major index within {@code reduced}. Sums of f32 and of the half types accumulate in f32
 * or better.
 */
public record Reduce(
    Dims kept,
    Dims reduced,
    List<View> inputViews,
    Expr producer,
    List<Combiner> combiners,
    List<View> epilogueInputs,
    Expr epilogue,
    List<View> outputViews)
    implements
      KernelSpec {
  public Reduce {
    inputViews = List.copyOf(inputViews);
    combiners = List.copyOf(combiners);
    epilogueInputs = List.copyOf(epilogueInputs);
    outputViews = List.copyOf(outputViews);
    Check.views("a Reduce's input", inputViews, kept.append(reduced));
    Check.views("a Reduce's epilogue input", epilogueInputs, kept);
    Check.outputs("a Reduce's output", outputViews, kept);
    Check.expr("a Reduce's producer", producer, Check.types(inputViews), kept.rank() + reduced.rank());
    Check.that(
        producer.results().size() == combiners.size(),
        "a Reduce has " + combiners.size() + " combiners for " + producer.results().size() + " produced values");
    List<DType> epilogueTypes = new ArrayList<>();
    for (int j = 0; j < combiners.size(); j++) {
      Combiner combiner = combiners.get(j);
      Check.combines("a Reduce", combiner, producer.resultType(j), reduced.product());
      epilogueTypes.add(combiner.resultType(producer.resultType(j).compute()));
    }
    epilogueTypes.addAll(Check.types(epilogueInputs));
    Check.expr("a Reduce's epilogue", epilogue, epilogueTypes, kept.rank());
    Check.stores("a Reduce's epilogue", epilogue, outputViews);
  }

  /** The whole iteration space, {@code kept ++ reduced}. */
  public Dims space() {
    return kept.append(reduced);
  }

  /** The type of combined value {@code j}. */
  public DType combinedType(int j) {
    return combiners.get(j).resultType(producer.resultType(j).compute());
  }

  /** The producers' inputs, then the epilogue's. */
  @Override
  public List<Operand> inputs() {
    return Check.concat(Check.operands(inputViews, space()), Check.operands(epilogueInputs, kept));
  }

  @Override
  public List<Operand> outputs() {
    return Check.operands(outputViews, kept);
  }

  @Override
  public long operations() {
    return space().product() * (producer.operations() + combiners.size()) + kept.product() * epilogue.operations();
  }

  /** An epilogue input is read before the point's output is written: equal views may share memory. */
  @Override
  public boolean allowsInPlace(int input, int output) {
    int i = input - inputViews.size();
    return i >= 0 && epilogueInputs.get(i).equals(outputViews.get(output));
  }
}
