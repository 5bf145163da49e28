package org.lathe.backends.simt.tune;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.SplittableRandom;
import org.lathe.hal.spec.Gather;
import org.lathe.hal.spec.KernelSpec;
import org.lathe.hal.spec.Operand;
import org.lathe.hal.spec.Scatter;

/** Inputs to measure kernels on: the same each time for one kernel. */
final class RandomInputs {
  private static final int SMALL = 10;

  private RandomInputs() {}

  /** Floats from -1 to 1; integers from 0 to 9, which are classes in kernels that have them; 0 where they are places. */
  static List<byte[]> of(KernelSpec spec) {
    SplittableRandom random = new SplittableRandom(spec.family().hashCode());
    boolean places = spec instanceof Gather || spec instanceof Scatter;
    return spec.inputs().stream().map(o -> fill(o, random, places)).toList();
  }

  private static byte[] fill(Operand operand, SplittableRandom random, boolean places) {
    byte[] bytes = new byte[Math.toIntExact(operand.bytes())];
    ByteBuffer data = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    while (data.hasRemaining()) {
      switch (operand.dtype()) {
        case F32 -> data.putFloat((float) random.nextDouble(-1, 1));
        case F64 -> data.putDouble(random.nextDouble(-1, 1));
        case F16 -> data.putShort(Float.floatToFloat16((float) random.nextDouble(-1, 1)));
        case BF16 -> data.putShort((short) (Float.floatToRawIntBits((float) random.nextDouble(-1, 1)) >> 16));
        case I32 -> data.putInt(places ? 0 : random.nextInt(SMALL));
        case I64 -> data.putLong(places ? 0 : random.nextInt(SMALL));
        case U8 -> data.put((byte) (places ? 0 : random.nextInt(SMALL)));
        case BOOL -> data.put((byte) random.nextInt(2));
      }
    }
    return bytes;
  }
}
