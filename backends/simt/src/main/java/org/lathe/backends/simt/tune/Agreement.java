package org.lathe.backends.simt.tune;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.lathe.hal.DType;
import org.lathe.hal.spec.Operand;

/** Whether two forms of a kernel computed the same, but for the rounding of sums taken in another order. */
final class Agreement {
  private Agreement() {}

  /** Where they differ, for people; empty if they agree. */
  static Optional<String> difference(List<Operand> operands, List<byte[]> expected, List<byte[]> found) {
    for (int j = 0; j < operands.size(); j++) {
      DType dtype = operands.get(j).dtype();
      if (!dtype.isFloating()) {
        int at = Arrays.mismatch(expected.get(j), found.get(j));
        if (at >= 0) {
          return Optional.of("output " + j + " differs at element " + at / dtype.bytes());
        }
        continue;
      }
      double[] a = values(expected.get(j), dtype);
      double[] b = values(found.get(j), dtype);
      double scale = scale(a);
      for (int i = 0; i < a.length; i++) {
        if (!agree(a[i], b[i], tolerance(dtype), scale)) {
          return Optional.of(
              String.format(Locale.ROOT, "output %d differs at element %d: %g, expected %g", j, i, b[i], a[i]));
        }
      }
    }
    return Optional.empty();
  }

  /** Infinities and NaN only agree with themselves. */
  private static boolean agree(double a, double b, double tolerance, double scale) {
    return a == b || Double.isNaN(a) && Double.isNaN(b)
        || Math.abs(a - b) <= tolerance * Math.max(scale, Math.max(Math.abs(a), Math.abs(b)))
            && Double.isFinite(a) && Double.isFinite(b);
  }

  private static double tolerance(DType dtype) {
    return switch (dtype) {
      case F64 -> 1e-10;
      case F32 -> 1e-4;
      case F16 -> 4e-3;
      default -> 3e-2;
    };
  }

  /** The root of the mean square of what is finite: sums that cancel differ by a share of what was summed. */
  private static double scale(double[] values) {
    double sum = 0;
    long count = 0;
    for (double v : values) {
      if (Double.isFinite(v)) {
        sum += v * v;
        count++;
      }
    }
    return count == 0 ? 0 : Math.sqrt(sum / count);
  }

  private static double[] values(byte[] bytes, DType dtype) {
    ByteBuffer data = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    double[] values = new double[bytes.length / dtype.bytes()];
    for (int i = 0; i < values.length; i++) {
      values[i] = switch (dtype) {
        case F32 -> data.getFloat();
        case F64 -> data.getDouble();
        case F16 -> Float.float16ToFloat(data.getShort());
        default -> Float.intBitsToFloat(data.getShort() << 16);
      };
    }
    return values;
  }
}
