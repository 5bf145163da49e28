package org.lathe.backends.simt.tune;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.lathe.backends.simt.plan.Traits;
import org.lathe.backends.simt.schedule.Candidates;
import org.lathe.backends.simt.schedule.Tuning;
import org.lathe.backends.simt.schedule.Tunings;
import org.lathe.hal.device.ExecutableCache;
import org.lathe.hal.spec.KernelSpec;
import org.lathe.hal.text.SpecHash;

/**
 * The choices for one device: what was measured on this machine, else what Lathe ships for its kind, else the schedule's
 * guess. Any thread and any number of processes.
 *
 * <p>Measurements are in a file of their own for each device and driver under the user's cache directory, written beside
 * and renamed. A damaged file counts as empty, a directory that cannot be used keeps nothing; either is said once.
 */
public final class TuningStore implements Tunings {
  private static final String HEAD = "lathe tunings 1";
  private static final int HASH_DIGITS = 64;

  private final TunedDevice device;
  private final Candidates candidates;
  private final Path file;
  private final TuningDefaults defaults;
  private final Consumer<String> complaints;
  private final AtomicBoolean complained = new AtomicBoolean();
  private @Nullable Map<String, Tuning> measured;

  TuningStore(TunedDevice device, Path directory, TuningDefaults defaults, Consumer<String> complaints) {
    this(device, Candidates.SCHEDULES, directory, defaults, complaints);
  }

  private TuningStore(
      TunedDevice device, Candidates candidates, Path directory, TuningDefaults defaults,
      Consumer<String> complaints) {
    this.device = device;
    this.candidates = candidates;
    this.file = directory.resolve(hash(identity(device)).substring(0, 32) + ".txt");
    this.defaults = defaults;
    this.complaints = complaints;
  }

  /** The user's, for this device. */
  public static TuningStore of(TunedDevice device) {
    return of(device, Candidates.SCHEDULES);
  }

  /** The user's, for a device that chooses among other forms than the schedules' alone. */
  public static TuningStore of(TunedDevice device, Candidates candidates) {
    return in(ExecutableCache.userDirectory().resolve("tunings"), device, candidates);
  }

  /** With its measurements in {@code directory}. */
  public static TuningStore in(Path directory, TunedDevice device) {
    return in(directory, device, Candidates.SCHEDULES);
  }

  private static TuningStore in(Path directory, TunedDevice device, Candidates candidates) {
    return new TuningStore(device, candidates, directory, TuningDefaults.shipped(),
        message -> System.getLogger(TuningStore.class.getName()).log(System.Logger.Level.WARNING, message));
  }

  public TunedDevice device() {
    return device;
  }

  private static String identity(TunedDevice d) {
    return "device " + d.name().replace('\n', ' ') + ", driver " + d.driver().replace('\n', ' ') + ", form " + d.form();
  }

  /** What there is to choose among. */
  List<Tuning> candidates(KernelSpec spec, Traits traits) {
    return candidates.of(spec, traits);
  }

  @Override
  public Tuning choose(KernelSpec spec, Traits traits) {
    List<Tuning> forms = candidates(spec, traits);
    if (forms.size() == 1) {
      return forms.getFirst();
    }
    return measured(spec, forms)
        .or(() -> defaults.choose(spec, forms, device.kinds()))
        .orElse(forms.getFirst());
  }

  /** What was measured, if the schedule still knows it. */
  private Optional<Tuning> measured(KernelSpec spec, List<Tuning> forms) {
    return Optional.ofNullable(all().get(SpecHash.of(spec))).filter(forms::contains);
  }

  private synchronized Map<String, Tuning> all() {
    if (measured == null) {
      measured = read();
    }
    return measured;
  }

  /** Keeps a choice, for this process and, where the directory allows it, for later ones. */
  public synchronized void put(KernelSpec spec, Tuning tuning) {
    // Another process may have measured others meanwhile.
    Map<String, Tuning> now = read();
    now.putAll(all());
    now.put(SpecHash.of(spec), tuning);
    measured = now;
    StringBuilder lines = new StringBuilder();
    now.forEach((hash, t) -> lines.append(hash).append(' ').append(t).append('\n'));
    String text = HEAD + "\n" + identity(device) + "\n" + hash(lines.toString()) + "\n" + lines;
    Path unfinished = file.resolveSibling(file.getFileName() + "." + UUID.randomUUID() + ".tmp");
    try {
      Files.createDirectories(file.toAbsolutePath().getParent());
      Files.writeString(unfinished, text);
      Files.move(unfinished, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException e) {
      complain("cannot write " + file + " (" + e + ")");
      try {
        Files.deleteIfExists(unfinished);
      } catch (IOException again) {
        e.addSuppressed(again);
      }
    }
  }

  private Map<String, Tuning> read() {
    Map<String, Tuning> all = new TreeMap<>();
    String text;
    try {
      text = Files.readString(file);
    } catch (NoSuchFileException e) {
      return all;
    } catch (IOException e) {
      complain("cannot read " + file + " (" + e + ")");
      return all;
    }
    String[] parts = text.split("\n", 4);
    if (parts.length < 4 || !parts[0].equals(HEAD) || !parts[1].equals(identity(device))
        || !parts[2].equals(hash(parts[3]))) {
      complain(file + " is damaged");
      return all;
    }
    try {
      for (String line : parts[3].lines().toList()) {
        all.put(line.substring(0, HASH_DIGITS), Tuning.parse(line.substring(HASH_DIGITS)));
      }
      return all;
    } catch (IllegalArgumentException | IndexOutOfBoundsException e) {
      complain(file + " is damaged (" + e.getMessage() + ")");
      return new TreeMap<>();
    }
  }

  private void complain(String what) {
    if (!complained.getAndSet(true)) {
      complaints.accept(
          "kernels of " + device.name() + " run with the choices that Lathe ships: " + what
              + "; './lathe tune' measures anew, -D" + ExecutableCache.DIRECTORY_PROPERTY + " names another directory");
    }
  }

  private static String hash(String text) {
    try {
      return HexFormat.of()
          .formatHex(MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8)));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }
}
