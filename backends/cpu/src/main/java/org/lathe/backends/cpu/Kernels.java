package org.lathe.backends.cpu;

import org.lathe.hal.spec.Attention;
import org.lathe.hal.spec.Contraction;
import org.lathe.hal.spec.Convolution;
import org.lathe.hal.spec.Copy;
import org.lathe.hal.spec.Gather;
import org.lathe.hal.spec.KernelSpec;
import org.lathe.hal.spec.Map;
import org.lathe.hal.spec.Pooling;
import org.lathe.hal.spec.RandomBits;
import org.lathe.hal.spec.Recurrence;
import org.lathe.hal.spec.Reduce;
import org.lathe.hal.spec.RowProgram;
import org.lathe.hal.spec.Scan;
import org.lathe.hal.spec.Scatter;
import org.lathe.hal.spec.Sort;
import org.lathe.hal.spec.TopK;

/** Chooses the kernel for a spec. */
final class Kernels {
  private Kernels() {}

  static Kernel of(KernelSpec spec) {
    return switch (spec) {
      case Map s -> MapKernel.of(s);
      case Reduce s -> ReduceKernel.of(s);
      case RowProgram s -> RowKernel.of(s);
      case Contraction s -> ContractionKernel.of(s);
      case Convolution s -> ConvolutionForms.of(s, Simd.PRESENT);
      case Pooling s -> PoolingKernel.of(s, Simd.PRESENT);
      case Recurrence s -> RecurrenceKernel.of(s);
      case Attention s -> AttentionKernel.of(s);
      case Gather s -> GatherKernel.of(s);
      case Scatter s -> ScatterKernel.of(s);
      case RandomBits s -> RandomKernel.of(s);
      case Sort s -> SortKernel.of(s);
      case TopK s -> TopKKernel.of(s);
      case Scan s -> ScanKernel.of(s);
      case Copy s -> CopyKernel.of(s);
    };
  }
}
