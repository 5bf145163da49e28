package org.lathe.compiler.lower;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.lathe.compiler.ir.Graph;
import org.lathe.compiler.op.ControlFlow;
import org.lathe.compiler.op.Tensor;
import org.lathe.hal.program.Role;

/** Outputs where they are wanted: in their own buffers, or over donated inputs. */
class DonationTest {

  private static LoweredGraph check(Function<List<Tensor>, List<Tensor>> f, List<Donation> donations, String... types) {
    Graph graph = Programs.trace(f, types);
    return Programs.check(
        graph, Programs.inputs(graph, new Random(4)), 1e-5, donations.toArray(Donation[]::new));
  }

  @Test
  void anInputReturnedAsItIs() {
    check(x -> List.of(x.get(0), x.get(0), x.get(0).reshape(6)), List.of(), "f32[2,3]");
  }

  @Test
  void oneValueReturnedTwice() {
    check(
        x -> {
          Tensor y = x.get(0).tanh();
          return List.of(y, y, y.flatten(), y.slice(0, 1, 2));
        },
        List.of(),
        "f32[2,3]");
  }

  @Test
  void constantsReturned() {
    check(
        x -> List.of(x.get(0).like(3), Tensor.fill(x.get(0).builder(), x.get(0).type(), -1).add(1), x.get(0)),
        List.of(new Donation(0, 1)),
        "f32[2,3]");
  }

  @Test
  void inputsSwapTheirBuffers() {
    check(x -> List.of(x.get(1), x.get(0)), List.of(new Donation(0, 0), new Donation(1, 1)), "f32[5]", "f32[5]");
  }

  @Test
  void inputsRotateThroughUpdates() {
    check(
        x -> List.of(x.get(1).add(x.get(2)), x.get(2).mul(x.get(0)), x.get(0).sub(x.get(1)), x.get(0)),
        List.of(new Donation(0, 0), new Donation(1, 1), new Donation(2, 2)),
        "f32[5]",
        "f32[5]",
        "f32[5]");
  }

  @Test
  void aDonatedInputReturnedUnchangedIsNotTouched() {
    LoweredGraph g = check(x -> List.of(x.get(0)), List.of(new Donation(0, 0)), "f32[5]");
    assertEquals(0, g.program().steps().size());
    assertEquals(Role.STATE, g.program().buffers().getFirst().role());
  }

  @Test
  void theOldValueIsReadBeforeItGoes() {
    LoweredGraph g = check(
        x -> {
          Tensor y = x.get(0).mul(0.5).add(x.get(1));
          return List.of(y, x.get(0).matmul(x.get(2)), x.get(2).matmul(y));
        },
        List.of(new Donation(0, 0)),
        "f32[5,5]",
        "f32[5,5]",
        "f32[5,5]");
    assertTrue(Programs.kinds(g).stream().noneMatch("Copy"::equals), Programs.text(g.program()));
  }

  @Test
  void anOldValueThatIsNeededAfterwardsCostsACopy() {
    check(
        x -> {
          Tensor y = x.get(0).matmul(x.get(1));
          return List.of(y, y.matmul(x.get(0)).matmul(y));
        },
        List.of(new Donation(0, 0)),
        "f32[5,5]",
        "f32[5,5]");
  }

  @Test
  void aTransposedUpdateIsNotInPlace() {
    check(x -> List.of(x.get(0).add(x.get(0).transpose())), List.of(new Donation(0, 0)), "f32[7,7]");
  }

  @Test
  void partsOfOneKernelJoin() {
    check(
        x -> List.of(Tensor.concat(0, x.get(0).mean(1), x.get(0).square().mean(1), x.get(0).max(1))), List.of(),
        "f32[33,40]");
  }

  @Test
  void randomGraphsWithEveryInputDonatedThatCanBe() {
    for (long seed = 500; seed < 640; seed++) {
      Graph graph = RandomGraphs.graph(seed, 14);
      List<Donation> donations = new ArrayList<>();
      List<Integer> taken = new ArrayList<>();
      for (int i = 0; i < graph.inputs().size(); i++) {
        for (int o = 0; o < graph.outputs().size(); o++) {
          if (!taken.contains(o) && graph.outputTypes().get(o).equals(graph.inputTypes().get(i))) {
            taken.add(o);
            donations.add(new Donation(i, o));
            break;
          }
        }
      }
      Programs.check(
          graph, Programs.inputs(graph, new Random(seed)), 1e-3, donations.toArray(Donation[]::new));
    }
  }

  @Test
  void aLoopInsideOfALoopWithDonation() {
    check(
        x -> {
          ControlFlow.Scanned outer = ControlFlow.scan(
              List.of(x.get(0), x.get(1)),
              List.of(x.get(2)),
              (carry, element) -> {
                ControlFlow.Scanned inner = ControlFlow.scanReverse(
                    List.of(carry.get(0)),
                    List.of(element.get(0)),
                    (c, e) -> new ControlFlow.Step(c.get(0).mul(0.9).add(e.get(0)).tanh(), c.get(0).mul(x.get(3))));
                Tensor sum = inner.output().sum(0);
                return new ControlFlow.Step(
                    List.of(carry.get(1).add(sum), inner.carry()), List.of(inner.output(), carry.get(0)));
              });
          List<Tensor> all = new ArrayList<>(outer.carries());
          all.addAll(outer.outputs());
          all.add(outer.outputs().get(0).mean());
          return all;
        },
        List.of(new Donation(0, 0), new Donation(1, 1)),
        "f32[3]",
        "f32[3]",
        "f32[4,5,3]",
        "f32[3]");
  }

  @Test
  void aChoiceInsideOfALoop() {
    check(
        x -> {
          ControlFlow.Scanned s = ControlFlow.scan(
              List.of(x.get(0)),
              List.of(x.get(1)),
              (c, e) -> {
                Tensor h = ControlFlow.cond(
                    e.get(0).sum().greater(0),
                    List.of(c.get(0), e.get(0)),
                    in -> List.of(in.get(0).add(in.get(1)).tanh()),
                    in -> List.of(in.get(0)))
                    .getFirst();
                return new ControlFlow.Step(h, h.mul(2));
              });
          return List.of(s.carry(), s.output());
        },
        List.of(new Donation(0, 0)),
        "f32[3]",
        "f32[7,3]");
  }

  @Test
  void donationsThatDoNotFitAreRefused() {
    Graph graph = Programs.trace(x -> List.of(x.get(0).sum(0), x.get(0)), "f32[5]");
    assertThrows(
        IllegalArgumentException.class, () -> Lowerer.lower(graph, Programs.EVERYTHING, List.of(new Donation(0, 0))));
    assertThrows(
        IllegalArgumentException.class, () -> Lowerer.lower(graph, Programs.EVERYTHING, List.of(new Donation(1, 1))));
    assertThrows(
        IllegalArgumentException.class,
        () -> Lowerer.lower(graph, Programs.EVERYTHING, List.of(new Donation(0, 1), new Donation(0, 1))));
  }
}
