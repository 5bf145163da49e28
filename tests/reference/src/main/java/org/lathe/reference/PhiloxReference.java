package org.lathe.reference;

import org.lathe.hal.DType;
import org.lathe.hal.spec.RandomBits;

/** Philox4x32-10, as in Salmon et al. 2011. */
final class PhiloxReference {
  private PhiloxReference() {}

  static void run(RandomBits r, Elements in, Elements out) {
    long key = in.get(0).whole();
    long stream = in.get(1).whole();
    for (long b = 0; b * 4 < r.count(); b++) {
      int[] words = block(key, stream, b);
      for (int w = 0; w < 4 && b * 4 + w < r.count(); w++) {
        out.set(b * 4 + w, Scalar.of(DType.I32, (long) words[w]));
      }
    }
  }

  static int[] block(long key, long stream, long block) {
    int[] c = {(int) block, (int) (block >>> 32), (int) stream, (int) (stream >>> 32)};
    int k0 = (int) key;
    int k1 = (int) (key >>> 32);
    for (int round = 0; round < 10; round++) {
      long p0 = 0xD2511F53L * (c[0] & 0xffffffffL);
      long p1 = 0xCD9E8D57L * (c[2] & 0xffffffffL);
      c = new int[]{(int) (p1 >>> 32) ^ c[1] ^ k0, (int) p1, (int) (p0 >>> 32) ^ c[3] ^ k1, (int) p0};
      k0 += 0x9E3779B9;
      k1 += 0xBB67AE85;
    }
    return c;
  }
}
