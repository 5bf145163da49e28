package org.lathe.compiler.lower;

import java.util.List;
import org.lathe.compiler.lower.NaiveDevice.Memory;
import org.lathe.hal.DType;
import org.lathe.hal.spec.RandomBits;

/** Philox4x32-10, as in Salmon et al. 2011. */
final class NaiveRandom {
  private NaiveRandom() {}

  static void run(RandomBits r, List<Memory> in, List<Memory> out) {
    long key = (long) in.get(0).get(DType.I64, 0);
    long stream = (long) in.get(0).get(DType.I64, 1);
    for (long b = 0; b * 4 < r.count(); b++) {
      int[] c = {(int) b, (int) (b >>> 32), (int) stream, (int) (stream >>> 32)};
      int k0 = (int) key;
      int k1 = (int) (key >>> 32);
      for (int round = 0; round < 10; round++) {
        long p0 = 0xD2511F53L * (c[0] & 0xffffffffL);
        long p1 = 0xCD9E8D57L * (c[2] & 0xffffffffL);
        c = new int[]{(int) (p1 >>> 32) ^ c[1] ^ k0, (int) p1, (int) (p0 >>> 32) ^ c[3] ^ k1, (int) p0};
        k0 += 0x9E3779B9;
        k1 += 0xBB67AE85;
      }
      for (int w = 0; w < 4 && b * 4 + w < r.count(); w++) {
        out.get(0).set(DType.I32, b * 4 + w, c[w]);
      }
    }
  }
}
