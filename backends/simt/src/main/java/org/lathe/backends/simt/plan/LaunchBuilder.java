package org.lathe.backends.simt.plan;

import java.util.ArrayList;
import java.util.List;
import org.lathe.backends.simt.ir.KernelBuilder;
import org.lathe.backends.simt.ir.Parameter;
import org.lathe.backends.simt.ir.Parameter.Access;
import org.lathe.hal.DType;
import org.lathe.hal.Dims;
import org.lathe.hal.spec.KernelSpec;
import org.lathe.hal.spec.Operand;

/** Writes a kernel of a spec together with what is bound to its parameters. */
public final class LaunchBuilder extends KernelBuilder {
  private final KernelSpec spec;
  private final Site site;
  private final List<Argument> arguments = new ArrayList<>();

  public LaunchBuilder(String family, KernelSpec spec, Site site) {
    super(family);
    this.spec = spec;
    this.site = site;
  }

  /** Input {@code operand} of the spec, to read. */
  public Parameter.Global input(int operand, String name) {
    Operand o = spec.inputs().get(operand);
    arguments.add(new Argument.Input(operand));
    return global(name, o.dtype(), o.elements(), Access.READ, site.aliasedInputs().contains(operand));
  }

  /** As {@link #input(int, String)}, its bytes taken as {@code elements} of another dtype. */
  public Parameter.Global input(int operand, String name, DType dtype, long elements) {
    arguments.add(new Argument.Input(operand));
    return global(name, dtype, elements, Access.READ, site.aliasedInputs().contains(operand));
  }

  /** Output {@code operand} of the spec, to write. */
  public Parameter.Global output(int operand, String name) {
    return output(operand, name, Access.WRITE);
  }

  public Parameter.Global output(int operand, String name, Access access) {
    Operand o = spec.outputs().get(operand);
    return output(operand, name, access, o.dtype(), o.elements());
  }

  /** As {@link #output(int, String, Access)}, its bytes taken as {@code elements} of another dtype. */
  public Parameter.Global output(int operand, String name, Access access, DType dtype, long elements) {
    arguments.add(new Argument.Output(operand));
    return global(name, dtype, elements, access, site.aliasedOutputs().contains(operand));
  }

  /** Workspace {@code number} of the plan, of {@code elements} elements. */
  public Parameter.Global workspace(int number, String name, DType dtype, long elements, Access access) {
    arguments.add(new Argument.Workspace(number));
    return global(name, dtype, elements, access, false);
  }

  /** A scalar parameter with its number; other launches of the same kernel may give it others. */
  public Parameter.Scalar number(String name, DType dtype, long value) {
    arguments.add(new Argument.Number(value));
    return scalar(name, dtype);
  }

  /** The launch of {@code groups} groups along each axis. */
  public Launch launch(Dims groups, Dims local) {
    Dims global = Dims.of(
        Math.multiplyExact(groups.get(0), local.get(0)),
        Math.multiplyExact(groups.get(1), local.get(1)),
        Math.multiplyExact(groups.get(2), local.get(2)));
    return new Launch(build(local.get(0), local.get(1), local.get(2)), global, arguments);
  }

  /** At least {@code items} work items along one axis, in groups of {@code local}; the surplus must do nothing. */
  public Launch launch(long items, long local) {
    return launch(Dims.of(Math.ceilDiv(items, local), 1, 1), Dims.of(local, 1, 1));
  }
}
