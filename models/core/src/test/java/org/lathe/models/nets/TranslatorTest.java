package org.lathe.models.nets;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.lathe.compiler.ir.Literal;
import org.lathe.compiler.op.ControlFlow;
import org.lathe.compiler.op.Tensor;
import org.lathe.hal.DType;
import org.lathe.models.nn.BeamSearch;
import org.lathe.models.nn.ScoredAttention.Score;
import org.lathe.models.nn.StepDecoder;
import org.lathe.models.nn.TransformerBlock;
import org.lathe.models.train.Field;
import org.lathe.models.train.OracleRun;
import org.lathe.models.train.Step;
import org.lathe.models.train.StepGraph;

/** Every translator, in the oracle: decoding against whole sequences, and what filling up changes. */
class TranslatorTest {
  private static final int VOCABULARY = 7;
  private static final int FROM = 5;
  private static final int TO = 4;
  private static final double[] SOURCE = {3, 4, 5, 0, 0, 6, 1, 2, 3, 5, 4, 0, 0, 0, 0};
  private static final double[] TARGET = {1, 3, 4, 6, 1, 5, 2, 2, 1, 4, 4, 3};

  static Stream<Named<Supplier<Translator>>> translators() {
    List<Named<Supplier<Translator>>> all = new ArrayList<>();
    all.add(Named.of("plain", () -> lstm(null)));
    for (Score score : Score.values()) {
      for (boolean learned : new boolean[]{false, true}) {
        all.add(
            Named.of(score + (learned ? " with values" : ""),
                () -> lstm(new LstmTranslator.Attention(score, learned))));
      }
    }
    for (Transformer.Positions positions : Transformer.Positions.values()) {
      for (TransformerBlock.Norm norm : TransformerBlock.Norm.values()) {
        all.add(
            Named.of(
                "transformer, " + positions + ", norm " + norm,
                () -> new Transformer(
                    VOCABULARY, TransformerBlock.Options.of(6, 2, 8).withNorm(norm), 2, 8, positions)));
      }
    }
    return all.stream();
  }

  private static Translator lstm(LstmTranslator.Attention attention) {
    return new LstmTranslator(new LstmTranslator.Options(VOCABULARY, 6, 2, attention));
  }

  private record Whole(double[] logits, double[] attention) {}

  private static Whole whole(Translator model, int batch, int from, double[] source, double[] target) {
    Field x = Field.ints("x", batch, from);
    Field y = Field.ints("y", batch, target.length / batch);
    StepGraph graph = Step.inference("whole", model, List.of(x, y), c -> {
      Translator.Output out = model.apply(c.input("x"), c.input("y"));
      c.report("logits", out.logits());
      if (out.attention() != null) {
        c.report("attention", out.attention());
      }
    }).trace();
    OracleRun run = new OracleRun(graph, 4);
    run.run(Map.of("x", Literal.of(x.type(), source), "y", Literal.of(y.type(), target)));
    return new Whole(
        run.report("logits"),
        graph.reports().contains("attention") ? run.report("attention") : new double[0]);
  }

  /** Hypotheses of a beam of two are fed the same tokens; each step's logits are those of the whole sequence. */
  @ParameterizedTest
  @MethodSource("translators")
  void decodingEqualsTheWholeSequence(Supplier<Translator> make) {
    Translator model = make.get();
    double[] expected = whole(model, 3, FROM, SOURCE, TARGET).logits();
    BeamSearch beam = new BeamSearch(2, TO, 1, 2, 0, 0);
    Field x = Field.ints("x", 3, FROM);
    Field y = Field.ints("y", 3, TO);
    OracleRun run = new OracleRun(
        Step.inference("steps", model, List.of(x, y), c -> {
          Translator.Decoding d = model.decoding(c.input("x"), beam);
          List<Tensor> carries = new ArrayList<>(d.state());
          carries.addFirst(Tensor.scalar(c.input("x").builder(), DType.I32, 0));
          Tensor tokens = beam.spread(c.input("y")).transpose();
          c.report(
              "logits",
              ControlFlow.scan(carries, List.of(tokens), (carry, token) -> {
                StepDecoder.Next next = d.decoder().next(carry.subList(1, carry.size()), token.getFirst(),
                    carry.getFirst());
                List<Tensor> after = new ArrayList<>(next.state());
                after.addFirst(carry.getFirst().add(1));
                return new ControlFlow.Step(after, List.of(next.logits()));
              }).output());
        }).trace(), 4);
    run.run(Map.of("x", Literal.of(x.type(), SOURCE), "y", Literal.of(y.type(), TARGET)));
    double[] found = run.report("logits");
    double spread = 0;
    for (int t = 0; t < TO; t++) {
      for (int row = 0; row < 6; row++) {
        for (int v = 0; v < VOCABULARY; v++) {
          double e = expected[(row / 2 * TO + t) * VOCABULARY + v];
          assertEquals(e, found[(t * 6 + row) * VOCABULARY + v], 1e-12, "step " + t);
          spread = Math.max(spread, Math.abs(e - expected[v]));
        }
      }
    }
    assertTrue(spread > 0.01, "the logits do not depend on the tokens: they differ by " + spread);
  }

  /** A source in a larger bucket, alone in its batch, gives the same logits and the same attention. */
  @ParameterizedTest
  @MethodSource("translators")
  void fillingUpChangesNothing(Supplier<Translator> make) {
    Translator model = make.get();
    Whole tight = whole(model, 1, 3, new double[]{3, 4, 5}, Arrays.copyOf(TARGET, TO));
    Whole filled = whole(model, 3, FROM, SOURCE, TARGET);
    Whole wide = whole(model, 1, 8, new double[]{3, 4, 5, 0, 0, 0, 0, 0}, Arrays.copyOf(TARGET, TO));
    assertArrayEquals(tight.logits(), Arrays.copyOf(filled.logits(), tight.logits().length), 1e-12);
    assertArrayEquals(tight.logits(), wide.logits(), 1e-12);
    if (tight.attention().length > 0) {
      for (int t = 0; t < TO; t++) {
        assertArrayEquals(
            Arrays.copyOfRange(tight.attention(), t * 3, t * 3 + 3),
            Arrays.copyOfRange(wide.attention(), t * 8, t * 8 + 3), 1e-12);
        assertEquals(1, Arrays.stream(wide.attention(), t * 8, t * 8 + 3).sum(), 1e-12);
        assertEquals(0, Arrays.stream(wide.attention(), t * 8 + 3, t * 8 + 8).sum(), 0);
      }
    }
  }

  /** A later target token changes no earlier logits; every source token changes all. */
  @ParameterizedTest
  @MethodSource("translators")
  void seesTheWholeSourceAndNothingAhead(Supplier<Translator> make) {
    Translator model = make.get();
    double[] base = whole(model, 3, FROM, SOURCE, TARGET).logits();
    double[] otherTarget = TARGET.clone();
    otherTarget[2] = 5;
    double[] later = whole(model, 3, FROM, SOURCE, otherTarget).logits();
    assertArrayEquals(Arrays.copyOf(base, 2 * VOCABULARY), Arrays.copyOf(later, 2 * VOCABULARY), 0);
    assertTrue(Math.abs(base[2 * VOCABULARY] - later[2 * VOCABULARY]) > 1e-9);
    for (int i = 0; i < 3; i++) {
      double[] otherSource = SOURCE.clone();
      otherSource[i] = 6;
      double[] changed = whole(model, 3, FROM, otherSource, TARGET).logits();
      assertTrue(Math.abs(base[0] - changed[0]) > 1e-9, "source token " + i + " is not seen");
    }
  }
}
