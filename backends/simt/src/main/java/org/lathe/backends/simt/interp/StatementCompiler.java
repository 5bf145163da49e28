package org.lathe.backends.simt.interp;

import java.util.List;
import org.lathe.backends.simt.interp.KernelFault.Kind;
import org.lathe.backends.simt.ir.Statement;
import org.lathe.backends.simt.ir.Value;
import org.lathe.backends.simt.ir.Variable;
import org.lathe.hal.DType;

/** Makes statements ready to run: all active work items take each step together, and branches and loops narrow who is active. */
final class StatementCompiler {
  private final Machine machine;
  private final ValueCompiler values;

  StatementCompiler(Machine machine, ValueCompiler values) {
    this.machine = machine;
    this.values = values;
  }

  Runnable block(List<Statement> body) {
    Runnable[] steps = body.stream().map(this::statement).toArray(Runnable[]::new);
    return () -> {
      for (Runnable step : steps) {
        step.run();
      }
    };
  }

  private Runnable statement(Statement s) {
    return switch (s) {
      case Statement.Declare(Variable v, Value value) -> assign(s, v, value);
      case Statement.Assign(Variable v, Value value) -> assign(s, v, value);
      case Statement.Store store -> store(store);
      case Statement.For f -> loop(f);
      case Statement.If f -> branch(f);
      case Statement.Barrier b -> () -> {
        machine.at(b);
        machine.barrier();
      };
    };
  }

  private Runnable assign(Statement s, Variable v, Value value) {
    Node to = values.compile(value, v);
    return () -> {
      machine.at(s);
      to.eval(machine);
    };
  }

  private Runnable store(Statement.Store s) {
    Store memory = values.store(s.memory());
    Node index = values.compile(s.index(), 0);
    Node value = values.compile(s.value(), 1);
    int lanes = value.lanes();
    return () -> {
      machine.at(s);
      index.eval(machine);
      value.eval(machine);
      for (int n = 0; n < machine.count; n++) {
        int i = machine.active[n];
        memory.store(i, index.whole[i], lanes, s.aligned(), value.real, value.whole, i * lanes);
      }
    };
  }

  private Runnable branch(Statement.If s) {
    Node condition = values.compile(s.condition(), 0);
    Runnable then = block(s.then());
    Runnable otherwise = block(s.otherwise());
    int[] yes = new int[machine.size];
    int[] no = new int[machine.size];
    return () -> {
      machine.at(s);
      condition.eval(machine);
      int[] outer = machine.active;
      int all = machine.count;
      int y = 0;
      int n = 0;
      for (int k = 0; k < all; k++) {
        int i = outer[k];
        if (condition.whole[i] != 0) {
          yes[y++] = i;
        } else {
          no[n++] = i;
        }
      }
      run(then, yes, y);
      run(otherwise, no, n);
      machine.active = outer;
      machine.count = all;
    };
  }

  private void run(Runnable body, int[] who, int count) {
    if (count > 0) {
      machine.active = who;
      machine.count = count;
      body.run();
    }
  }

  private Runnable loop(Statement.For f) {
    Node from = values.compile(f.from(), 0);
    Node to = values.compile(f.to(), 1);
    long[] counter = values.variable(f.counter()).whole;
    boolean narrow = f.counter().type().dtype() == DType.I32;
    Runnable body = block(f.body());
    long[] end = new long[machine.size];
    int[] inside = new int[machine.size];
    return () -> {
      machine.at(f);
      from.eval(machine);
      to.eval(machine);
      int[] outer = machine.active;
      int all = machine.count;
      int count = 0;
      for (int k = 0; k < all; k++) {
        int i = outer[k];
        counter[i] = from.whole[i];
        end[i] = to.whole[i];
        if (counter[i] < end[i]) {
          inside[count++] = i;
        }
      }
      while (count > 0) {
        run(body, inside, count);
        int left = 0;
        for (int k = 0; k < count; k++) {
          int i = inside[k];
          long next = counter[i] + f.step();
          if (narrow ? next != (int) next : next < counter[i]) {
            machine.at(f);
            throw machine.fault(Kind.OVERFLOW, i, 0, "the counter " + f.counter().name() + " beyond " + counter[i]);
          }
          counter[i] = next;
          if (next < end[i]) {
            inside[left++] = i;
          }
        }
        count = left;
      }
      machine.active = outer;
      machine.count = all;
    };
  }
}
