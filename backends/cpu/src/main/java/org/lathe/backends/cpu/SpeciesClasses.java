package org.lathe.backends.cpu;

import java.io.IOException;
import java.io.InputStream;
import java.lang.invoke.MethodHandles;
import java.util.concurrent.ConcurrentHashMap;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * Classes that are loaded once more for each vector length they are wanted for, so that the species is a constant of the
 * compiled code. Such a class takes its species from {@link #species}.
 */
final class SpeciesClasses {
  private final MethodHandles.Lookup original;
  private final ConcurrentHashMap<VectorSpecies<Float>, MethodHandles.Lookup> loaded = new ConcurrentHashMap<>();

  /** @param original of the class as it was loaded first */
  SpeciesClasses(MethodHandles.Lookup original) {
    this.original = original;
  }

  /** In the initializer of a class: the species it was loaded for; the preferred one if it was loaded as usual. */
  static VectorSpecies<Float> species(MethodHandles.Lookup lookup) {
    try {
      Object given = MethodHandles.classData(lookup, "_", VectorSpecies.class);
      return given == null ? FloatVector.SPECIES_PREFERRED : ((VectorSpecies<?>) given).check(float.class);
    } catch (IllegalAccessException e) {
      throw new IllegalStateException(e);
    }
  }

  /** The longest species of at most {@code elements}; that of 128 bits if there is none. */
  static VectorSpecies<Float> fitting(int elements) {
    VectorSpecies<Float> preferred = FloatVector.SPECIES_PREFERRED;
    if (elements >= preferred.length()) {
      return preferred;
    }
    return elements >= 8 && preferred.length() > 8 ? FloatVector.SPECIES_256 : FloatVector.SPECIES_128;
  }

  /** The class for {@code species}. */
  MethodHandles.Lookup of(VectorSpecies<Float> species) {
    return loaded.computeIfAbsent(species, this::load);
  }

  private MethodHandles.Lookup load(VectorSpecies<Float> species) {
    String file = original.lookupClass().getSimpleName() + ".class";
    try (InputStream in = original.lookupClass().getResourceAsStream(file)) {
      if (in == null) {
        throw new IllegalStateException(file + " is not where it was loaded from");
      }
      return original.defineHiddenClassWithClassData(in.readAllBytes(), species, true);
    } catch (IOException | IllegalAccessException e) {
      throw new IllegalStateException(file + " cannot be loaded for " + species, e);
    }
  }
}
