package org.lathe.backends.simt.tune;

import java.util.List;
import java.util.Locale;
import org.lathe.backends.simt.plan.Traits;

/**
 * Whom measurements are for.
 *
 * @param name the product's
 * @param driver its version: another one may compile otherwise
 */
public record TunedDevice(String name, String vendor, String driver, Traits.Form form) {

  /** What its shipped defaults are called, the most exact first. */
  List<String> kinds() {
    return switch (form) {
      case CPU -> List.of("cpu");
      case GPU -> vendor.toLowerCase(Locale.ROOT).contains("nvidia") ? List.of("nvidia", "gpu") : List.of("gpu");
      case PIPELINE -> List.of("pipeline");
    };
  }
}
