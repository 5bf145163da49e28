package org.lathe.compiler.lower;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.lathe.compiler.ir.Literal;
import org.lathe.compiler.ir.LiteralBytes;
import org.lathe.compiler.ir.TensorType;
import org.lathe.hal.program.BufferDecl;
import org.lathe.hal.program.Bytes;
import org.lathe.hal.program.Role;

/** The constants of a program, each stored once however many graphs and shapes use it. */
final class Constants {
  private final int firstBuffer;
  private final List<BufferDecl> declarations = new ArrayList<>();
  private final Map<Bytes, Region> regions = new HashMap<>();

  /**
   * @param firstBuffer the number of the first constant's declaration
   */
  Constants(int firstBuffer) {
    this.firstBuffer = firstBuffer;
  }

  /** All elements. */
  Region whole(Literal literal) {
    return store(literal);
  }

  /** One element of a splat. */
  Region one(Literal splat) {
    return store(Literal.splat(TensorType.of(splat.type().dtype()), splat.get(0)));
  }

  private Region store(Literal literal) {
    Bytes bytes = Bytes.of(LiteralBytes.encode(literal));
    return regions.computeIfAbsent(
        bytes,
        data -> {
          int number = declarations.size();
          declarations.add(new BufferDecl("constant" + number, Role.CONSTANT, data.length(), data));
          return Region.of(Storage.declared(data.length(), firstBuffer + number));
        });
  }

  List<BufferDecl> declarations() {
    return declarations;
  }
}
