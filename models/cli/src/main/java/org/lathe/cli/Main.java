package org.lathe.cli;

import java.io.IOException;
import java.nio.file.FileSystemException;
import java.util.Objects;
import org.lathe.compiler.ir.TypeError;
import org.lathe.hal.device.HalException;
import org.lathe.models.zoo.model.RequestException;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.Spec;

/** The command line's entry. Exit codes: 0 good, 1 found a difference, 2 could not run. */
@Command(name = "lathe", description = "Traces, compiles and runs neural networks.", mixinStandardHelpOptions = true, versionProvider = Main.Version.class, subcommands = {
    DevicesCommand.class, ModelsCommand.class, TrainCommand.class, RunCommand.class, BenchCommand.class,
    VerifyCommand.class, InspectCommand.class, BuildCommand.class, TuneCommand.class
})
public final class Main implements Runnable {
  @Spec
  private CommandSpec spec;

  private Main(CommandSpec spec) {
    this.spec = spec;
  }

  public static void main(String[] args) {
    System.exit(run(args));
  }

  /** Runs one command line in this JVM, on {@link System#out} and {@link System#err}, and gives its exit code. */
  public static int run(String... args) {
    return commandLine().execute(args);
  }

  private static CommandLine commandLine() {
    return new CommandLine(new Main(CommandSpec.create()))
        .setExecutionExceptionHandler(Main::report)
        .setParameterExceptionHandler(Main::misused)
        .setCaseInsensitiveEnumValuesAllowed(true);
  }

  @Override
  public void run() {
    throw new ParameterException(spec.commandLine(), "a command is needed");
  }

  /** What a user can mend is one line; all else is a defect of Lathe and shows its stack. */
  private static int report(Exception e, CommandLine command, ParseResult parsed) {
    switch (e) {
      case CannotRun c -> System.err.println(c.getMessage());
      case HalException h -> System.err.println(h.getMessage());
      case RequestException r -> System.err.println(r.getMessage());
      case TypeError t -> System.err.println(t.getMessage());
      case FileSystemException f -> System.err.println(f.getFile() + ": " + reason(f));
      case IOException io -> System.err.println(io.getMessage());
      default -> {
        System.err.println("Lathe failed; this is a defect of Lathe, please report it:");
        e.printStackTrace();
      }
    }
    return 2;
  }

  private static String reason(FileSystemException e) {
    return switch (e) {
      case java.nio.file.NoSuchFileException n -> "there is no such file or directory";
      case java.nio.file.AccessDeniedException a -> "access is denied";
      case java.nio.file.FileAlreadyExistsException x -> "is there already";
      default -> Objects.requireNonNullElse(e.getReason(), e.getClass().getSimpleName());
    };
  }

  private static int misused(ParameterException e, String[] args) {
    CommandLine command = e.getCommandLine();
    String name = command.getCommandSpec().qualifiedName();
    System.err.println(e.getMessage() + "; see ./" + name + " --help");
    return 2;
  }

  /** Reads the version that the build wrote into the jar's manifest. */
  static final class Version implements IVersionProvider {
    @Override
    public String[] getVersion() {
      String built = Main.class.getPackage().getImplementationVersion();
      return new String[]{"lathe " + Objects.requireNonNullElse(built, "(built without a version)")};
    }
  }
}
