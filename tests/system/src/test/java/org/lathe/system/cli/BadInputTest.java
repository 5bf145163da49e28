package org.lathe.system.cli;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Each wrong command line or file is exit code 2 and one line that names what was wrong. */
class BadInputTest {
  @TempDir
  private static Path directory;

  private static Path checkpoint = Path.of("");

  @BeforeAll
  static void train() {
    Cli.run("train", "xor", "--epochs", 1, "--device", "cpu", "--out", directory.resolve("xor"));
    checkpoint = directory.resolve("xor").resolve("latest.safetensors");
  }

  /** Where the commands before this one have said that binaries are. */
  @BeforeEach
  void noBinaries() {
    System.clearProperty("lathe.fpga.binaries");
  }

  @ParameterizedTest
  @CsvSource(delimiter = '|', textBlock = """
      bad-command                          | bad-command
      train bad-model                      | bad-model
      inspect bad-model                    | bad-model
      verify bad-model                     | bad-model
      bench bad-row                        | bad-row
      bench --suite bad-suite              | bad-suite
      bench train-xor --seconds 0          | --seconds 0
      train xor --device bad-device        | bad-device
      train xor --device cpu:77            | cpu:77
      verify xor --devices bad-device      | bad-device
      inspect xor --device bad-device      | bad-device
      train xor --bad-option               | --bad-option
      train xor --epochs three             | three
      train xor --epochs 0                 | --epochs 0
      train xor --seed x                   | --seed
      train                                | NAME
      train xor --data csv:points.csv      | csv:points.csv
      train mlp --data csv:points.csv      | csv:points.csv
      train mlp --data mnist:/absent/mnist | /absent/mnist
      train xor --resume /absent/run       | /absent/run
      train lstm --resume /absent/run      | /absent/run
      train xor --out /dev/null/run        | /dev/null
      train xor --json /absent/x.json      | /absent/x.json
      inspect xor --device opencl-fpg      | opencl-fpg
      tune xor                             | --device
      tune xor --device bad-device         | bad-device
      tune xor --device cpu                | --device cpu
      tune xor --device opencl-fpga        | --binaries DIR
      build                                | NAME
      build xor --device opencl-fpga       | --out
      build xor --out /dev/null/x          | --device
      build xor --device bad-device --out /dev/null/x            | bad-device
      build xor --device opencl:0 --out /dev/null/x              | --device opencl:0
      build bad-model --device opencl-fpga --out /dev/null/x     | bad-model
      build xor --device opencl-fpga --out /dev/null/x           | /dev/null/x
      build xor --device opencl-fpga --out /dev                  | /dev holds files
      build xor --device opencl-fpga --out /absent --register x  | /absent holds no build
      build xor --device opencl-fpga --out /absent --register x --compile-with opencl:0 | ask for one at a time
      train xor --device opencl-fpga --binaries /absent          | no build in /absent
      run                                  | CHECKPOINT
      run /absent/x.safetensors            | /absent/x.safetensors
      run /dev                             | /dev
      """)
  void commandLines(String line, String named) {
    Cli.run((Object[]) line.split(" ")).refuses(named);
  }

  @Test
  void buildsThatCannotBeCompiled() {
    Path out = directory.resolve("build");
    Cli.run("build", "xor", "--device", "opencl-fpga", "--out", out, "--compile-with", "cpu").refuses("'cpu'");
    Cli.run("build", "xor", "--device", "opencl-fpga", "--out", out, "--register", "/absent/x.bin")
        .refuses("/absent/x.bin");
    Cli.run("train", "xor", "--device", "opencl-fpga", "--binaries", out).refuses("opencl-fpga");
  }

  private Path file(String name, byte[] content) throws IOException {
    return Files.write(directory.resolve(name), content);
  }

  private static byte[] safetensors(String header, int dataBytes) {
    byte[] json = header.getBytes(StandardCharsets.UTF_8);
    return ByteBuffer.allocate(8 + json.length + dataBytes).order(ByteOrder.LITTLE_ENDIAN).putLong(json.length)
        .put(json).array();
  }

  @Test
  void truncatedCheckpoints() throws IOException {
    byte[] whole = Files.readAllBytes(checkpoint);
    for (int length : new int[]{0, 7, 8, 100, whole.length - 1}) {
      Path file = file("truncated.safetensors", Arrays.copyOf(whole, length));
      Cli.run("run", file).refuses(file.toString());
    }
    Path longer = file("longer.safetensors", Arrays.copyOf(whole, whole.length + 8));
    Cli.run("run", longer).refuses(longer.toString());
  }

  @Test
  void lyingCheckpoints() throws IOException {
    String[] headers = {
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[4],\"data_offsets\":[0,8]}}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[-4],\"data_offsets\":[0,16]}}",
        "{\"a\":{\"dtype\":\"F99\",\"shape\":[4],\"data_offsets\":[0,16]}}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[4000000000,4000000000,4000000000],\"data_offsets\":[0,16]}}",
        "{\"a\":",
        "[[[[[[[[",
    };
    for (String header : headers) {
      Path file = file("lying.safetensors", safetensors(header, 16));
      Cli.run("run", file).refuses(file.toString());
    }
  }

  @Test
  void checkpointsOfOthers() throws IOException {
    Path foreign = file(
        "foreign.safetensors",
        safetensors(
            "{\"__metadata__\":{\"format\":\"pt\"},\"a\":{\"dtype\":\"F32\",\"shape\":[4],\"data_offsets\":[0,16]}}",
            16));
    Cli.run("run", foreign).refuses("pt");
    byte[] whole = Files.readAllBytes(checkpoint);
    String text = new String(whole, StandardCharsets.ISO_8859_1);
    Path unknown = file("unknown.safetensors",
        text.replace("\"model\":\"xor\"", "\"model\":\"xyz\"").getBytes(StandardCharsets.ISO_8859_1));
    Cli.run("run", unknown).refuses("xyz");
    Path other = file("other.safetensors",
        text.replace("\"model\":\"xor\"", "\"model\":\"mlp\"").getBytes(StandardCharsets.ISO_8859_1));
    Cli.run("run", other).refuses("other.safetensors");
    Cli.run("train", "wgan-gp", "--resume", checkpoint.getParent(), "--out", directory.resolve("o")).refuses("'xor'");
    Cli.run("train", "xor", "--seed", 2, "--resume", checkpoint.getParent()).refuses("seed 1");
    Cli.run("run", file("text.safetensors", "not a checkpoint at all".getBytes(StandardCharsets.UTF_8)))
        .refuses("text.safetensors");
  }

  private static byte[] idx(int magic, int bytes, int... shape) {
    ByteBuffer b = ByteBuffer.allocate(4 + 4 * shape.length + bytes).putInt(magic);
    for (int d : shape) {
      b.putInt(d);
    }
    return b.array();
  }

  private void mnist(Path to, byte[] images, byte[] labels) throws IOException {
    Files.createDirectories(to);
    for (String part : new String[]{"train", "t10k"}) {
      Files.write(to.resolve(part + "-images-idx3-ubyte"), images);
      Files.write(to.resolve(part + "-labels-idx1-ubyte"), labels);
    }
  }

  @Test
  void badIdxFiles() throws IOException {
    Path to = directory.resolve("mnist");
    byte[] labels = idx(0x801, 2, 2);
    byte[][] images = {
        new byte[0],
        new byte[3],
        idx(0x803, 100, 2, 28, 28),
        idx(0x803, 2 * 784 + 1, 2, 28, 28),
        idx(0x803, 784, -1, 28, 28),
        idx(0x803, 784, Integer.MAX_VALUE, 28, 28),
        idx(0xd03, 2 * 784, 2, 28, 28),
        idx(0x803, 3 * 784, 3, 28, 28),
    };
    for (byte[] image : images) {
      mnist(to, image, labels);
      Cli.run("train", "mlp", "--data", "mnist:" + to, "--out", directory.resolve("o")).refuses(to.toString());
    }
    mnist(to, idx(0x803, 2 * 100, 2, 10, 10), labels);
    Cli.run("train", "mlp", "--data", "mnist:" + to, "--out", directory.resolve("o")).refuses("[1, 28, 28]");
    mnist(to, idx(0x803, 2 * 784, 2, 28, 28), labels);
    Cli.run("train", "mlp", "--data", "mnist:" + to, "--out", directory.resolve("o")).refuses("pictures");
  }
}
