package org.lathe.backends.opencl;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.lathe.backends.opencl.cl.BuildFailure;
import org.lathe.backends.opencl.cl.ClContext;
import org.lathe.backends.opencl.cl.ClException;
import org.lathe.backends.opencl.cl.ClProgram;
import org.lathe.backends.opencl.cl.DeviceProperties;
import org.lathe.backends.simt.ir.Kernel;
import org.lathe.backends.simt.opencl.OpenClSource;
import org.lathe.hal.device.ExecutableCache;
import org.lathe.hal.device.KernelBuildFailed;

/** Kernels to programs of the driver's, by its compiler or from the cache of what it compiled before. */
final class Compiler implements ProgramSource {
  /** Kernels compiled together at most: when one of them changes, all are compiled again. */
  private static final int TOGETHER = 32;
  private static final String FORMAT = "1";

  private final ClContext context;
  private final String options;
  private final @Nullable ExecutableCache cache;
  private final String device;

  /**
   * @param options of the driver's compiler
   * @param cache where programs are kept, or null to leave that to the driver
   */
  Compiler(ClContext context, String options, @Nullable ExecutableCache cache) {
    DeviceProperties p = context.device().properties();
    this.context = context;
    this.options = options;
    this.cache = cache;
    this.device = String.join("\n", FORMAT, options, p.platform(), p.platformVersion(), p.vendor(), p.name(),
        p.version(),
        p.driver());
  }

  /**
   * Compiles.
   *
   * @throws KernelBuildFailed with the source and the log of the kernel that the compiler refuses
   */
  @Override
  public Map<ClProgram, List<String>> having(List<Kernel> kernels) {
    Map<ClProgram, List<String>> programs = new LinkedHashMap<>();
    try {
      for (int from = 0; from < kernels.size(); from += TOGETHER) {
        compile(kernels.subList(from, Math.min(kernels.size(), from + TOGETHER)), programs);
      }
      return programs;
    } catch (RuntimeException e) {
      programs.keySet().forEach(ClProgram::close);
      throw e;
    }
  }

  /** One program, unless the compiler takes the kernels only apart. */
  private void compile(List<Kernel> kernels, Map<ClProgram, List<String>> programs) {
    String source = OpenClSource.render(kernels);
    try {
      programs.put(compile(source), kernels.stream().map(Kernel::name).toList());
      return;
    } catch (BuildFailure together) {
      if (kernels.size() == 1) {
        throw failed(kernels.getFirst().name(), source, together);
      }
    }
    for (Kernel k : kernels) {
      String own = OpenClSource.render(k);
      try {
        programs.put(compile(own), List.of(k.name()));
      } catch (BuildFailure e) {
        throw failed(k.name(), own, e);
      }
    }
  }

  private static KernelBuildFailed failed(String kernel, String source, BuildFailure e) {
    String log = e.status() == ClException.COMPILER_NOT_AVAILABLE
        ? "the device has no compiler; build the kernels ahead of time with './lathe build NAME --device opencl-fpga'"
        : e.log().lines().filter(line -> !line.isBlank()).collect(Collectors.joining("\n"));
    KernelBuildFailed failure = new KernelBuildFailed(kernel, source, log);
    failure.initCause(e);
    return failure;
  }

  private static String hash(String text) {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      return HexFormat.of().formatHex(digest.digest(text.getBytes(StandardCharsets.UTF_8)));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }

  /** The program of a source: from the cache, which hands out nothing that is damaged, or compiled, and then kept. */
  private ClProgram compile(String source) {
    if (cache == null) {
      return context.build(source, options);
    }
    String key = hash(device + "\n" + source);
    Optional<byte[]> cached = cache.get(key);
    if (cached.isPresent()) {
      try {
        return context.load(cached.get(), options);
      } catch (ClException | BuildFailure e) {
        // Whole, and yet not to this driver's taste, which can change without its version changing: compile anew.
        System.getLogger(Compiler.class.getName())
            .log(System.Logger.Level.DEBUG, "a compiled program in the cache is not taken: {0}", e.getMessage());
      }
    }
    ClProgram program = context.build(source, options);
    byte[] binary = program.binary();
    if (binary.length > 0) {
      cache.put(key, binary);
    }
    return program;
  }
}
