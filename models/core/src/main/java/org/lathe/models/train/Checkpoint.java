package org.lathe.models.train;

import com.fasterxml.jackson.jr.ob.JSON;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.lathe.compiler.ir.TensorType;
import org.lathe.compiler.runtime.Array;

/**
 * A model's state in a safetensors file, and how far its training had come.
 *
 * @param model the name in the zoo, or any other
 * @param seed of the run
 * @param epoch the epoch under way, from 0; all epochs before it are in the history
 * @param index how many iterations of that epoch are done
 * @param lossSum of those iterations
 * @param history what was measured after each epoch
 */
public record Checkpoint(String model, long seed, int epoch, int index, double lossSum, List<EpochRecord> history) {
  private static final String FORMAT = "lathe-1";

  public Checkpoint {
    history = List.copyOf(history);
  }

  private record ArrayContent(Array array) implements Safetensors.Content {
    @Override
    public TensorType type() {
      return array.type();
    }

    @Override
    public MemorySegment bytes() {
      byte[] bytes = new byte[Math.toIntExact(array.type().bytes())];
      MemorySegment segment = MemorySegment.ofArray(bytes);
      array.read(segment);
      return segment;
    }
  }

  /**
   * Writes all of {@code state}. See {@link Safetensors#write} for what survives a failure.
   *
   * @throws CheckpointException if it cannot be written
   */
  public void write(Path file, ModelState state) throws IOException {
    Map<String, ArrayContent> tensors = new LinkedHashMap<>();
    state.arrays().forEach((name, a) -> tensors.put(name, new ArrayContent(a)));
    Safetensors.write(file, metadata(), tensors);
  }

  private Map<String, String> metadata() throws IOException {
    Map<String, String> m = new LinkedHashMap<>();
    m.put("format", FORMAT);
    m.put("model", model);
    m.put("seed", Long.toString(seed));
    m.put("epoch", Integer.toString(epoch));
    m.put("index", Integer.toString(index));
    m.put("loss_sum", Double.toString(lossSum));
    List<Map<String, Object>> records = new ArrayList<>();
    for (EpochRecord r : history) {
      Map<String, Object> one = new LinkedHashMap<>();
      one.put("epoch", r.epoch());
      one.put("loss", Double.toString(r.loss()));
      Map<String, String> metrics = new LinkedHashMap<>();
      r.metrics().forEach((k, v) -> metrics.put(k, Double.toString(v)));
      one.put("metrics", metrics);
      one.put("seconds", Double.toString(r.seconds()));
      records.add(one);
    }
    m.put("history", JSON.std.asString(records));
    return m;
  }

  /**
   * The checkpoint that a path names: the file itself, or in a directory the best, else the latest.
   *
   * @throws CheckpointException if there is none
   */
  public static Path find(Path path) throws CheckpointException {
    if (!Files.isDirectory(path)) {
      if (!Files.exists(path)) {
        throw new CheckpointException(path, "there is no such file or directory");
      }
      return path;
    }
    for (String name : List.of(Trainer.BEST, Trainer.LATEST)) {
      if (Files.isRegularFile(path.resolve(name))) {
        return path.resolve(name);
      }
    }
    throw new CheckpointException(
        path, "this directory holds neither " + Trainer.BEST + " nor " + Trainer.LATEST
            + "; name a checkpoint or its directory");
  }

  /** See {@link #describe(Safetensors)}. */
  public static Checkpoint describe(Path file) throws IOException {
    try (Safetensors in = Safetensors.open(file)) {
      return describe(in);
    }
  }

  /**
   * What a file says of itself, without its tensors.
   *
   * @throws CheckpointException if it is not a checkpoint of Lathe's
   */
  public static Checkpoint describe(Safetensors file) throws IOException {
    Map<String, String> m = file.metadata();
    if (!FORMAT.equals(m.get("format"))) {
      throw new CheckpointException(
          file.file(), "is a safetensors file, but not a checkpoint of Lathe: its format is "
              + m.getOrDefault("format", "not given") + ", expected " + FORMAT);
    }
    try {
      List<EpochRecord> history = new ArrayList<>();
      for (Object o : JSON.std.listFrom(text(file, "history"))) {
        Map<?, ?> one = (Map<?, ?>) o;
        Map<String, Double> metrics = new LinkedHashMap<>();
        ((Map<?, ?>) of(one, "metrics")).forEach((k, v) -> metrics.put((String) k, Double.valueOf((String) v)));
        history.add(
            new EpochRecord(
                ((Number) of(one, "epoch")).intValue(),
                Double.parseDouble((String) of(one, "loss")),
                metrics,
                Double.parseDouble((String) of(one, "seconds"))));
      }
      return new Checkpoint(
          text(file, "model"),
          Long.parseLong(text(file, "seed")),
          Integer.parseInt(text(file, "epoch")),
          Integer.parseInt(text(file, "index")),
          Double.parseDouble(text(file, "loss_sum")),
          history);
    } catch (CheckpointException e) {
      throw e;
    } catch (IOException | ClassCastException | IllegalArgumentException e) {
      throw new CheckpointException(file.file(), 8,
          "its metadata is damaged: " + String.valueOf(e.getMessage()).lines().findFirst().orElse(""));
    }
  }

  private static Object of(Map<?, ?> map, String name) {
    Object value = map.get(name);
    if (value == null) {
      throw new IllegalArgumentException("an epoch of its history has no '" + name + "'");
    }
    return value;
  }

  private static String text(Safetensors file, String name) throws CheckpointException {
    String value = file.metadata().get(name);
    if (value == null) {
      throw new CheckpointException(file.file(), 8, "its metadata has no '" + name + "'");
    }
    return value;
  }

  /**
   * Reads a checkpoint into {@code state}, all of it or nothing.
   *
   * @param model the model's name; a checkpoint of another one is refused
   * @throws CheckpointException if the file is damaged, of another model, or names other tensors than {@code state}
   */
  public static Checkpoint read(Path file, String model, ModelState state) throws IOException {
    return read(file, model, state, true);
  }

  /**
   * Reads only what {@code state} has, such as the parameters without the optimiser's slots: for inference. Random keys stay
   * as they are, so that what is drawn depends on the seed of {@code state} and not on when the training ended.
   */
  public static Checkpoint readParameters(Path file, String model, ModelState state) throws IOException {
    return read(file, model, state, false);
  }

  private static Checkpoint read(Path file, String model, ModelState state, boolean exactly) throws IOException {
    try (Safetensors in = Safetensors.open(file)) {
      Checkpoint found = describe(in);
      if (!found.model().equals(model)) {
        throw new CheckpointException(file,
            "is a checkpoint of model '" + found.model() + "', expected '" + model + "'");
      }
      check(file, in, state, exactly);
      Map<String, MemorySegment> contents = new LinkedHashMap<>();
      for (String name : state.arrays().keySet()) {
        if (exactly || !isKey(state, name)) {
          contents.put(name, in.read(name));
        }
      }
      contents.forEach((name, bytes) -> state.array(name).write(bytes));
      return found;
    }
  }

  private static boolean isKey(ModelState state, String name) {
    StateEntry entry = state.entries().get(name);
    return entry != null && entry.kind() == StateEntry.Kind.KEY;
  }

  private static void check(Path file, Safetensors in, ModelState state, boolean exactly) throws CheckpointException {
    for (var e : state.arrays().entrySet()) {
      if (!exactly && isKey(state, e.getKey())) {
        continue;
      }
      Safetensors.Entry entry = in.entries().get(e.getKey());
      if (entry == null) {
        throw new CheckpointException(file, "holds no tensor '" + e.getKey() + "', expected " + e.getValue().type());
      }
      if (!entry.type().equals(e.getValue().type())) {
        throw new CheckpointException(
            file, entry.offset(),
            "tensor '" + e.getKey() + "' is " + entry.type() + ", expected " + e.getValue().type());
      }
    }
    if (exactly) {
      for (var e : in.entries().entrySet()) {
        if (!state.arrays().containsKey(e.getKey())) {
          throw new CheckpointException(
              file, e.getValue().offset(), "holds tensor '" + e.getKey() + "', which the model does not have");
        }
      }
    }
  }
}
