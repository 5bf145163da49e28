package org.lathe.hal.validate;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.lathe.hal.RandomSpecs;
import org.lathe.hal.spec.KernelSpec;
import org.lathe.hal.spec.Operand;

class AccessTest {
  @Test
  void accessesEndWhereTheOperandsEnd() {
    RandomSpecs random = new RandomSpecs(System.nanoTime());
    for (int n = 0; n < 2000; n++) {
      KernelSpec spec = random.spec();
      Access.Operands accesses = Access.of(spec);
      same(spec, spec.inputs(), accesses.inputs());
      same(spec, spec.outputs(), accesses.outputs());
    }
  }

  private static void same(KernelSpec spec, List<Operand> operands, List<Access> accesses) {
    assertEquals(operands.size(), accesses.size(), spec.toString());
    for (int i = 0; i < operands.size(); i++) {
      assertEquals(operands.get(i).bytes(), accesses.get(i).end(), i + " of " + spec);
      assertTrue(accesses.get(i).start() >= 0);
    }
  }
}
