package org.lathe.models.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.Function;
import org.lathe.compiler.ir.Literal;
import org.lathe.compiler.ir.TensorType;
import org.lathe.compiler.op.Tensor;
import org.lathe.compiler.runtime.Array;
import org.lathe.compiler.runtime.BoundCall;
import org.lathe.compiler.runtime.Compilation;
import org.lathe.compiler.runtime.Compiled;
import org.lathe.compiler.runtime.Lathe;
import org.lathe.hal.device.CommandBuffer.KernelTiming;

/**
 * A function of arrays, on normally distributed inputs.
 *
 * @param deviations the standard deviation of each input
 */
record FunctionWorkload(
    String name, List<TensorType> inputs, List<Double> deviations, Function<List<Tensor>, List<Tensor>> function)
    implements
      Workload.Setup {

  @Override
  public Workload.Ready prepare(Lathe lathe, long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    List<Array> arrays = new ArrayList<>();
    for (int i = 0; i < inputs.size(); i++) {
      double[] data = new double[Math.toIntExact(inputs.get(i).size())];
      double deviation = deviations.get(i);
      for (int k = 0; k < data.length; k++) {
        data[k] = (float) (deviation * random.nextGaussian());
      }
      arrays.add(lathe.array(Literal.adopt(inputs.get(i), data)));
    }
    Compiled compiled = lathe.compile(name, function);
    BoundCall call = compiled.bind(arrays);
    return new Workload.Ready() {
      @Override
      public void run() {
        call.run();
      }

      @Override
      public List<Compilation> compilations() {
        return List.of(call.compilation());
      }

      @Override
      public List<List<KernelTiming>> profile() {
        return List.of(call.profile());
      }

      @Override
      public void close() {
        call.close();
        compiled.close();
        arrays.forEach(Array::close);
      }
    };
  }
}
