package org.lathe.compiler.ir;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/** A graph's identity by content. */
public final class GraphHash {
  private GraphHash() {}

  /** SHA-256, in hexadecimal, of the graph's text without the user's lines: equal for graphs that compute alike. */
  public static String of(Graph graph) {
    try {
      byte[] text = GraphText.print(graph, GraphText.Style.PLAIN).getBytes(StandardCharsets.UTF_8);
      return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(text));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has SHA-256", e);
    }
  }
}
