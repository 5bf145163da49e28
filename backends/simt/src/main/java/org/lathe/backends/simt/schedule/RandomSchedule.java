package org.lathe.backends.simt.schedule;

import java.util.ArrayList;
import java.util.List;
import org.lathe.backends.simt.ir.Memory;
import org.lathe.backends.simt.ir.Value;
import org.lathe.backends.simt.ir.Values;
import org.lathe.backends.simt.ir.Variable;
import org.lathe.backends.simt.plan.KernelPlan;
import org.lathe.backends.simt.plan.LaunchBuilder;
import org.lathe.backends.simt.plan.Site;
import org.lathe.hal.DType;
import org.lathe.hal.Dims;
import org.lathe.hal.expr.BinaryOp;
import org.lathe.hal.spec.RandomBits;
import org.lathe.hal.spec.View;

/** Philox4x32-10, a block of four words at each point. Words are the low halves of i64, so that products keep all bits. */
final class RandomSchedule implements Schedule<RandomBits> {
  private static final int WORDS = 4;
  private static final int ROUNDS = 10;
  private static final long MASK = 0xffffffffL;
  private static final long MULTIPLIER_0 = 0xD2511F53L;
  private static final long MULTIPLIER_1 = 0xCD9E8D57L;
  private static final long WEYL_0 = 0x9E3779B9L;
  private static final long WEYL_1 = 0xBB67AE85L;

  @Override
  public KernelPlan plan(RandomBits spec, Site site, Tuning tuning) {
    if (spec.count() == 0) {
      return KernelPlan.nothing();
    }
    return new Writer(spec, site).plan();
  }

  private static final class Writer {
    private final RandomBits spec;
    private final Site site;
    private final LaunchBuilder k;
    private final Memory seed;
    private final Memory out;

    Writer(RandomBits spec, Site site) {
      this.spec = spec;
      this.site = site;
      k = new LaunchBuilder("random", spec, site);
      seed = k.input(0, "seed");
      out = k.output(0, "out");
    }

    KernelPlan plan() {
      long whole = spec.count() / WORDS;
      boolean rest = spec.count() % WORDS != 0;
      boolean perItem = site.traits().isGpu();
      long blocks = perItem && rest ? whole + 1 : whole;
      int lanes = perItem ? 1 : Vectors.lanes(Math.max(1, whole), site.traits());
      if (rest && !perItem) {
        k.when(Values.equal(Values.globalId(0), 0), () -> scalar(Values.index(whole)));
      }
      if (blocks == 0) {
        return KernelPlan.of("less than a block", k.launch(1, 1));
      }
      Points points = new Points(k, site, Dims.of(blocks), List.<View>of(), lanes, true);
      return points.plan(spec.operations(), c -> {
        if (c.lanes() == 1) {
          scalar(c.at().getFirst());
        } else {
          vector(c.at().getFirst(), block(c.coordinates().getFirst()));
        }
      });
    }

    private void scalar(Value block) {
      List<Value> words = block(block);
      Value first = k.let("at", Values.mul(block, WORDS));
      for (int w = 0; w < WORDS; w++) {
        Value at = Values.add(first, w);
        Value word = words.get(w);
        if (spec.count() % WORDS == 0) {
          k.store(out, at, word);
        } else {
          k.when(Values.less(at, spec.count()), () -> k.store(out, at, word));
        }
      }
    }

    /** The words of consecutive blocks, in the order of memory. */
    private void vector(Value block, List<Value> words) {
      int lanes = words.getFirst().type().lanes();
      Value first = k.let("at", Values.mul(block, WORDS));
      for (int v = 0; v < WORDS; v++) {
        List<Value> parts = new ArrayList<>();
        for (int j = v * lanes; j < (v + 1) * lanes; j++) {
          parts.add(Values.lane(words.get(j % WORDS), j / WORDS));
        }
        k.store(out, Values.add(first, (long) v * lanes), Values.join(parts));
      }
    }

    /** The four words of block number {@code block}, as i32. */
    private List<Value> block(Value block) {
      Value number = k.let("block", Values.cast(block, DType.I64));
      int lanes = number.type().lanes();
      Value key = k.let("key", Values.load(seed, Values.index(0)));
      Value stream = k.let("stream", Values.load(seed, Values.index(1)));
      Variable c0 = k.variable("c0", low(number));
      Variable c1 = k.variable("c1", high(number));
      Variable c2 = k.variable("c2", Values.splat(low(stream), lanes));
      Variable c3 = k.variable("c3", Values.splat(high(stream), lanes));
      Variable k0 = k.variable("k0", low(key));
      Variable k1 = k.variable("k1", high(key));
      k.loop("round", ROUNDS, _ -> {
        Value p0 = k.let("p0", Values.binary(BinaryOp.MUL, Values.read(c0), Values.index(MULTIPLIER_0)));
        Value p1 = k.let("p1", Values.binary(BinaryOp.MUL, Values.read(c2), Values.index(MULTIPLIER_1)));
        k.assign(c0, xor(high(p1), Values.read(c1), Values.read(k0)));
        k.assign(c1, low(p1));
        k.assign(c2, xor(high(p0), Values.read(c3), Values.read(k1)));
        k.assign(c3, low(p0));
        k.assign(k0, low(Values.binary(BinaryOp.ADD, Values.read(k0), Values.index(WEYL_0))));
        k.assign(k1, low(Values.binary(BinaryOp.ADD, Values.read(k1), Values.index(WEYL_1))));
      });
      List<Value> words = new ArrayList<>();
      for (Variable c : List.of(c0, c1, c2, c3)) {
        words.add(k.let("word", Values.cast(Values.read(c), DType.I32)));
      }
      return words;
    }

    private static Value low(Value x) {
      return Values.binary(BinaryOp.AND, x, Values.index(MASK));
    }

    private static Value high(Value x) {
      return Values.binary(BinaryOp.SHR, x, Values.index(Integer.SIZE));
    }

    private static Value xor(Value a, Value b, Value c) {
      return Values.binary(BinaryOp.XOR, Values.binary(BinaryOp.XOR, a, b), c);
    }
  }
}
