package org.lathe.backends.cpu;

import org.lathe.hal.spec.RandomBits;

/** Philox4x32-10 (Salmon et al., Parallel random numbers: as easy as 1, 2, 3, 2011), a block at a time. */
final class RandomKernel implements Kernel {
  private static final double NANOSECONDS_OF_A_BLOCK = 12;
  private static final long M0 = 0xD2511F53L;
  private static final long M1 = 0xCD9E8D57L;
  private static final int W0 = 0x9E3779B9;
  private static final int W1 = 0xBB67AE85;
  private static final int ROUNDS = 10;

  private final long count;

  private RandomKernel(long count) {
    this.count = count;
  }

  static Kernel of(RandomBits spec) {
    return new RandomKernel(spec.count());
  }

  @Override
  public void part(long[] operands, Run run, int worker, int workers) {
    long key = Memory.getLong(operands[0]);
    long stream = Memory.getLong(operands[0] + 8);
    long blocks = (count + 3) / 4;
    long from = blocks * worker / workers;
    long to = blocks * (worker + 1) / workers;
    long whole = Math.min(to, count / 4);
    long target = operands[1] + from * 16;
    for (long b = from; b < whole; b++) {
      block(key, stream, b, target);
      target += 16;
    }
    if (whole < to) {
      long at = run.workerScratch(worker);
      block(key, stream, whole, at);
      for (long w = 0; w < count - 4 * whole; w++) {
        Memory.putInt(target + 4 * w, Memory.getInt(at + 4 * w));
      }
    }
  }

  /** Writes the four words of block {@code counter} of a stream. */
  static void block(long key, long stream, long counter, long target) {
    int c0 = (int) counter;
    int c1 = (int) (counter >>> 32);
    int c2 = (int) stream;
    int c3 = (int) (stream >>> 32);
    int k0 = (int) key;
    int k1 = (int) (key >>> 32);
    for (int round = 0; round < ROUNDS; round++) {
      long p0 = M0 * (c0 & 0xffffffffL);
      long p1 = M1 * (c2 & 0xffffffffL);
      c0 = (int) (p1 >>> 32) ^ c1 ^ k0;
      c1 = (int) p1;
      c2 = (int) (p0 >>> 32) ^ c3 ^ k1;
      c3 = (int) p0;
      k0 += W0;
      k1 += W1;
    }
    Memory.putInt(target, c0);
    Memory.putInt(target + 4, c1);
    Memory.putInt(target + 8, c2);
    Memory.putInt(target + 12, c3);
  }

  @Override
  public int workers(int most) {
    return MapKernel.workers(count / 4.0 * NANOSECONDS_OF_A_BLOCK, most);
  }

  @Override
  public long workerScratch() {
    return 16;
  }

  @Override
  public String variant() {
    return count + " words";
  }
}
