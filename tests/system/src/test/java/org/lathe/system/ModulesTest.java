package org.lathe.system;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.File;
import java.lang.module.Configuration;
import java.lang.module.ModuleDescriptor;
import java.lang.module.ModuleFinder;
import java.lang.module.ModuleReference;
import java.nio.file.Path;
import java.util.List;
import java.util.ServiceLoader;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.lathe.hal.device.Driver;

/** Tests run on the class path; a user may take the module path, and must find the same there. */
class ModulesTest {
  private static final ModuleFinder CLASS_PATH = ModuleFinder
      .of(Stream.of(System.getProperty("java.class.path").split(File.pathSeparator)).map(Path::of)
          .filter(p -> !p.endsWith("test-classes")).toArray(Path[]::new));

  private static final List<ModuleDescriptor> LATHE = CLASS_PATH.findAll().stream().map(ModuleReference::descriptor)
      .filter(d -> d.name().startsWith("org.lathe.")).toList();

  @Test
  void allModulesResolveTogether() {
    Set<String> names = LATHE.stream().map(ModuleDescriptor::name).collect(Collectors.toCollection(TreeSet::new));
    assertTrue(names.containsAll(Set.of("org.lathe.hal", "org.lathe.compiler", "org.lathe.backends.cpu",
        "org.lathe.backends.noop", "org.lathe.backends.opencl", "org.lathe.backends.simt", "org.lathe.models",
        "org.lathe.cli", "org.lathe.conformance")), names::toString);
    var resolved = Configuration.resolve(CLASS_PATH, List.of(ModuleLayer.boot().configuration()), ModuleFinder.of(),
        names);
    assertTrue(resolved.modules().size() >= names.size());
  }

  @Test
  void driversAreTheSameOnBothPaths() {
    Set<String> onModulePath = LATHE.stream().flatMap(d -> d.provides().stream())
        .filter(p -> p.service().equals(Driver.class.getName())).flatMap(p -> p.providers().stream())
        .collect(Collectors.toCollection(TreeSet::new));
    Set<String> onClassPath = ServiceLoader.load(Driver.class).stream().map(p -> p.type().getName())
        .collect(Collectors.toCollection(TreeSet::new));
    assertTrue(onClassPath.contains("org.lathe.backends.cpu.CpuDriver"), onClassPath::toString);
    assertEquals(onModulePath, onClassPath, "META-INF/services and module-info name different drivers");
  }
}
