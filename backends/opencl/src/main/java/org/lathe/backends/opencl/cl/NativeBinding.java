package org.lathe.backends.opencl.cl;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.UserPrincipal;
import java.util.Arrays;
import java.util.UUID;
import org.jocl.LibUtils;

/**
 * JOCL's native part, where JOCL will look for it.
 *
 * <p>JOCL unpacks it into the directory for temporary files under a fixed name, and loads what lies there already: a file
 * that another process is just writing, or did not finish, crashes the JVM. So it is put there first, whole and under its
 * name at once; where the name belongs to someone else, JOCL is told to choose another.
 */
final class NativeBinding {
  private static final String NAME = "JOCL_2_0_6";
  private static final String OWN_NAME_EACH_TIME = "uniqueLibraryNames";

  private NativeBinding() {}

  /**
   * Has no effect once JOCL is started.
   *
   * @throws IOException if there is no binding for this platform, or no place for it
   */
  static void prepare() throws IOException {
    String file = LibUtils.createLibraryFileName(LibUtils.createPlatformLibraryName(NAME));
    byte[] library;
    try (InputStream resource = LibUtils.class.getResourceAsStream("/lib/" + file)) {
      if (resource == null) {
        throw new IOException("JOCL has no " + file + " for this platform");
      }
      library = resource.readAllBytes();
    }
    Path place = Path.of(System.getProperty("java.io.tmpdir"), file);
    Path own = place.resolveSibling(file + "-" + UUID.randomUUID() + ".tmp");
    try {
      Files.write(own, library);
      if (!isWhole(place, library, Files.getOwner(own)) && !move(own, place)) {
        System.setProperty(OWN_NAME_EACH_TIME, "true");
      }
    } finally {
      Files.deleteIfExists(own);
    }
  }

  /** Whether the file is what it has to be, and belongs to us, so that nobody else can change it while it is loaded. */
  private static boolean isWhole(Path place, byte[] library, UserPrincipal us) throws IOException {
    return Files.isRegularFile(place, LinkOption.NOFOLLOW_LINKS)
        && Files.getOwner(place, LinkOption.NOFOLLOW_LINKS).equals(us)
        && Files.size(place) == library.length
        && Arrays.equals(Files.readAllBytes(place), library);
  }

  /** False if what lies there is someone else's, or in use. */
  private static boolean move(Path from, Path to) {
    try {
      Files.move(from, to, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
      return true;
    } catch (IOException e) {
      return false;
    }
  }
}
