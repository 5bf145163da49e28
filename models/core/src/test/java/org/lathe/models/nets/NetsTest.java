package org.lathe.models.nets;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.lathe.compiler.ir.Literal;
import org.lathe.models.nn.TransformerBlock;
import org.lathe.models.train.Field;
import org.lathe.models.train.OracleRun;
import org.lathe.models.train.Step;

class NetsTest {
  /** Published numbers of parameters, where a paper or a reference implementation gives them. */
  @Test
  void parameterCounts() {
    assertEquals(61_706, new LeNet5().parameterCount());
    assertEquals(60_965_224, new AlexNet(AlexNet.Options.published(1000)).parameterCount());
    assertEquals(62_378_344, new AlexNet(AlexNet.Options.oneTower(1000)).parameterCount());
    assertEquals(132_863_336, new Vgg(Vgg.Options.vgg11(1000)).parameterCount());
    assertEquals(138_357_544, new Vgg(Vgg.Options.vgg16(1000)).parameterCount());
    assertEquals(11_689_512, new ResNet(ResNet.Options.resnet18(1000)).parameterCount());
    assertEquals(
        11_173_962, new ResNet(ResNet.Options.resnet18(10).with(ResNet.Stem.SMALL)).parameterCount());
    assertEquals(25_557_032, new ResNet(ResNet.Options.resnet50(1000)).parameterCount());
    assertEquals(60_192_808, new ResNet(ResNet.Options.resnet152(1000)).parameterCount());
    assertEquals(853_018, new ResNet(ResNet.Options.resnet56(10)).parameterCount());
    assertEquals(
        853_018, new ResNet(ResNet.Options.resnet56(10).with(ResNet.Kind.PLAIN)).parameterCount());
    assertEquals(784 * 256 + 256 + 256 * 128 + 128 + 1290, Mlp.digits().parameterCount());
  }

  /** One step with cached keys and values, in the oracle, against the whole sequence; both have the state of one seed. */
  @Test
  void cachedDecodingEqualsTheWholeSequence() {
    int steps = 5;
    int batch = 2;
    int vocabulary = 7;
    var options = new TransformerLanguageModel.Options(vocabulary, 6, 2, 10, 2, steps, 0);
    TransformerLanguageModel whole = new TransformerLanguageModel(options);
    Field x = Field.ints("x", batch, steps);
    OracleRun all = new OracleRun(
        Step.inference("s", whole, List.of(x), c -> c.report("y", whole.apply(c.input("x")))).trace(), 4);
    double[] tokens = {1, 4, 4, 0, 6, 2, 1, 5, 3, 0};
    all.run(Map.of("x", Literal.of(x.type(), tokens)));
    double[] expected = all.report("y");

    TransformerLanguageModel decoder = TransformerLanguageModel.decoder(options, batch);
    Field token = Field.ints("token", batch, 1);
    Field position = Field.ints("position");
    OracleRun one = new OracleRun(
        Step.inference(
            "s", decoder, List.of(token, position),
            c -> c.report("y", decoder.decode(c.input("token"), c.input("position")))).trace(),
        4);
    double difference = 0;
    for (int t = 0; t < steps; t++) {
      one.run(
          Map.of(
              "token", Literal.of(token.type(), tokens[t], tokens[steps + t]), "position",
              Literal.of(position.type(), t)));
      for (int b = 0; b < batch; b++) {
        for (int v = 0; v < vocabulary; v++) {
          double e = expected[(b * steps + t) * vocabulary + v];
          assertEquals(e, one.report("y")[b * vocabulary + v], 1e-12, "step " + t);
          difference = Math.max(difference, Math.abs(e - expected[v]));
        }
      }
    }
    assertTrue(difference > 0.01, "the logits do not depend on the tokens: they differ by " + difference);
  }

  /** A later target token changes no earlier logits, a source token changes all. */
  @Test
  void theDecoderDoesNotSeeAhead() {
    Transformer model = new Transformer(9, TransformerBlock.Options.of(8, 2, 12), 2, 4);
    Field source = Field.ints("source", 1, 4);
    Field target = Field.ints("target", 1, 4);
    OracleRun run = new OracleRun(
        Step.inference(
            "s", model, List.of(source, target),
            c -> c.report("y", model.logits(c.input("source"), c.input("target")))).trace(),
        4);
    double[][] logits = new double[3][];
    double[][][] tokens = {{{1, 2, 3, 4}, {5, 6, 7, 8}}, {{1, 2, 3, 4}, {5, 6, 0, 8}}, {{1, 2, 3, 0}, {5, 6, 7, 8}}};
    for (int i = 0; i < 3; i++) {
      run.run(
          Map.of(
              "source", Literal.of(source.type(), tokens[i][0]), "target", Literal.of(target.type(), tokens[i][1])));
      logits[i] = run.report("y");
    }
    for (int v = 0; v < 18; v++) {
      assertEquals(logits[0][v], logits[1][v], 0, "a later token was seen");
    }
    assertTrue(Math.abs(logits[0][18] - logits[1][18]) > 1e-9);
    assertTrue(Math.abs(logits[0][0] - logits[2][0]) > 1e-9, "the source is not seen");
  }
}
