package org.lathe.backends.aparapi;

import java.util.ArrayList;
import java.util.List;
import org.lathe.backends.simt.bytecode.AparapiClass;
import org.lathe.backends.simt.plan.Argument;
import org.lathe.backends.simt.plan.Launch;
import org.lathe.hal.program.Step;

/** Which of a launch's operands lie in one array. */
final class Arenas {
  private Arenas() {}

  /** The numbers of the arrays, where the caller binds each buffer of the program to an array of its own. */
  static List<Integer> expected(Step.Dispatch dispatch, Launch launch) {
    List<Object> arrays = new ArrayList<>();
    for (Argument argument : launch.arguments()) {
      switch (argument) {
        case Argument.Input(int operand) -> arrays.add(box(dispatch.inputs().get(operand).buffer()));
        case Argument.Output(int operand) -> arrays.add(box(dispatch.outputs().get(operand).buffer()));
        case Argument.Workspace(int number) -> arrays.add(box(-1 - number));
        case Argument.Number _ -> {}
      }
    }
    return AparapiClass.arenas(arrays);
  }

  /** The same object for the same number, as arrays are compared by identity. */
  private static Object box(int number) {
    return Integer.toString(number).intern();
  }
}
