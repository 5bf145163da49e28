package org.lathe.system;

import static com.tngtech.archunit.base.DescribedPredicate.alwaysTrue;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideOutsideOfPackages;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaPackage;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.util.List;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.jspecify.annotations.NullMarked;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The arrows between the layers, and what else no reader should have to check by eye. */
class ArchitectureTest {
  private static final String ROOT = "org.lathe";
  /** Kernels for devices that run threads: a library for backends, not a backend. */
  private static final String SHARED = ROOT + ".backends.simt..";

  /** A layer, and the other layers that it may know. */
  enum Layer {
    HAL("hal"), COMPILER("compiler", "hal"), BACKENDS("backends", "hal"), MODELS("models", "compiler",
        "hal"), CLI("cli", "models", "conformance", "compiler", "hal"), CONFORMANCE("conformance", "compiler",
            "hal"), REFERENCE(
                "reference", "hal");

    private final String name;
    private final String[] knows;

    Layer(String name, String... knows) {
      this.name = name;
      this.knows = Stream.concat(Stream.of(name), Stream.of(knows)).map(Layer::packages).toArray(String[]::new);
    }

    private static String packages(String name) {
      return ROOT + "." + name + "..";
    }
  }

  private static JavaClasses lathe;

  @BeforeAll
  static void read() {
    lathe = new ClassFileImporter().withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
        .importPackages(ROOT);
    assertTrue(lathe.size() >= 50,
        () -> "only " + lathe.size() + " classes were found: the rules would hold for nothing");
  }

  @ParameterizedTest
  @EnumSource
  void aLayerKnowsOnlyWhatIsBelowIt(Layer layer) {
    classes().that().resideInAPackage(Layer.packages(layer.name))
        .should().onlyDependOnClassesThat(resideInAnyPackage(layer.knows).or(resideOutsideOfPackages(ROOT + "..")))
        .check(lathe);
  }

  @Test
  void everyClassBelongsToALayer() {
    String[] layers = Stream.of(Layer.values()).map(l -> Layer.packages(l.name)).toArray(String[]::new);
    classes().should().resideInAnyPackage(layers).check(lathe);
  }

  @Test
  void backendsDoNotKnowEachOther() {
    slices().matching(ROOT + ".backends.(*)..").should().notDependOnEachOther()
        .ignoreDependency(alwaysTrue(), resideInAPackage(SHARED)).check(lathe);
  }

  @Test
  void whatBackendsShareKnowsNone() {
    noClasses().that().resideInAPackage(SHARED).should()
        .dependOnClassesThat(resideInAPackage(ROOT + ".backends..").and(resideOutsideOfPackages(SHARED))).check(lathe);
  }

  @Test
  void onePackageCallsOpenCl() {
    noClasses().that(resideOutsideOfPackages(ROOT + ".backends.opencl.cl"))
        .should().dependOnClassesThat(resideInAPackage("org.jocl..")).check(lathe);
  }

  @Test
  void packagesHaveNoCycles() {
    slices().matching(ROOT + ".(**)").should().beFreeOfCycles().check(lathe);
  }

  @Test
  void onlyTheCommandLinePrints() {
    noClasses().that(resideOutsideOfPackages(Layer.packages("cli")))
        .should().accessField(System.class, "out").orShould().accessField(System.class, "err")
        .orShould().callMethod(Throwable.class, "printStackTrace").check(lathe);
  }

  @Test
  void onlyTheCommandLineExits() {
    noClasses().that(resideOutsideOfPackages(Layer.packages("cli")))
        .should().callMethod(System.class, "exit", int.class)
        .orShould().callMethod(Runtime.class, "halt", int.class).check(lathe);
  }

  @Test
  void incubatorClassesStayInTheCpuBackend() {
    noClasses().that(resideOutsideOfPackages(ROOT + ".backends.cpu.."))
        .should().dependOnClassesThat(resideInAPackage("jdk.incubator..")).check(lathe);
  }

  /** With vectors of several lengths in use, C2 boxes those that loops carry: see VectorMicroKernels. */
  @ParameterizedTest
  @ValueSource(strings = {"SPECIES_64", "SPECIES_128", "SPECIES_256", "SPECIES_512", "SPECIES_MAX"})
  void floatVectorsHaveOneLength(String species) {
    noClasses().should().accessField("jdk.incubator.vector.FloatVector", species).check(lathe);
  }

  @Test
  void everyPackageIsNullMarked() {
    var packages = new TreeSet<String>();
    lathe.forEach(c -> packages.add(c.getPackageName()));
    List<String> unmarked = packages.stream().map(lathe::getPackage)
        .filter(p -> p.tryGetPackageInfo().filter(i -> i.isAnnotatedWith(NullMarked.class)).isEmpty())
        .map(JavaPackage::getName).toList();
    assertEquals(List.of(), unmarked, "packages without @NullMarked in a package-info.java");
  }
}
