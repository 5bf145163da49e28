package org.lathe.backends.simt.ir;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import org.lathe.hal.Dims;

/**
 * One kernel: what each work item of a range does. Plain data. Kernels of equal contents have equal names, and others
 * never do: the name ends with a hash of the rest.
 *
 * @param local the work items of a group along each of three axes; fixed, so that compilers can rely on it
 * @param arrays its local and private memory
 */
public record Kernel(
    String name, List<Parameter> parameters, List<Memory> arrays, Dims local, List<Statement> body) {
  private static final int HASH_DIGITS = 12;

  public Kernel {
    parameters = List.copyOf(parameters);
    arrays = List.copyOf(arrays);
    body = List.copyOf(body);
    if (local.rank() != 3) {
      throw new IllegalArgumentException("a group of rank " + local.rank() + ", not 3");
    }
  }

  /** A kernel whose name is {@code family} and the hash of its contents. */
  public static Kernel named(
      String family, List<Parameter> parameters, List<Memory> arrays, Dims local, List<Statement> body) {
    String text = KernelPrinter.print(new Kernel(family, parameters, arrays, local, body));
    return new Kernel("lathe_" + family + "_" + hash(text), parameters, arrays, local, body);
  }

  private static String hash(String text) {
    try {
      byte[] digest = MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
      return HexFormat.of().formatHex(digest).substring(0, HASH_DIGITS);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }

  /** What the kernel does, the part of its name before the hash. */
  public String family() {
    // lathe_map_0123456789ab
    return name.substring(name.indexOf('_') + 1, name.lastIndexOf('_'));
  }

  /** The work items of one group. */
  public int groupSize() {
    return Math.toIntExact(local.product());
  }

  /** Whether one work item does everything: the form for pipelines. */
  public boolean isSingleItem(Dims global) {
    return global.product() == 1;
  }

  /** The bytes of local memory of one group. */
  public long localBytes() {
    return arrays.stream()
        .filter(a -> a instanceof Memory.Local)
        .mapToLong(a -> a.elements() * a.dtype().bytes())
        .sum();
  }

  @Override
  public String toString() {
    return KernelPrinter.print(this);
  }
}
