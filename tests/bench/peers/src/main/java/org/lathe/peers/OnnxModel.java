package org.lathe.peers;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Random;

/**
 * Builds an ONNX model as bytes. Protocol buffers are a list of (field number and wire kind, value) pairs, so the
 * few messages needed here (ModelProto, GraphProto, NodeProto, AttributeProto, TensorProto, ValueInfoProto) are
 * written directly, without generated classes.
 */
final class OnnxModel {
  static final int FLOAT = 1;
  static final int INT64 = 7;

  /** A message under construction. */
  private static final class Message {
    final ByteArrayOutputStream out = new ByteArrayOutputStream();

    Message varint(int field, long v) {
      raw((long) field << 3);
      raw(v);
      return this;
    }

    Message bytes(int field, byte[] b) {
      raw((long) field << 3 | 2);
      raw(b.length);
      out.writeBytes(b);
      return this;
    }

    Message text(int field, String s) {
      return bytes(field, s.getBytes(StandardCharsets.UTF_8));
    }

    Message message(int field, Message m) {
      return bytes(field, m.out.toByteArray());
    }

    Message fixed32(int field, float v) {
      raw((long) field << 3 | 5);
      out.writeBytes(ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN).putFloat(v).array());
      return this;
    }

    private void raw(long v) {
      while ((v & ~0x7FL) != 0) {
        out.write((int) (v & 0x7F | 0x80));
        v >>>= 7;
      }
      out.write((int) v);
    }
  }

  private final Message graph = new Message().text(2, "g");
  private final Random random = new Random(1);
  private final int opset;
  private int names;

  OnnxModel(int opset) {
    this.opset = opset;
  }

  private String fresh(String kind) {
    return kind + names++;
  }

  String input(String name, int type, long... shape) {
    graph.message(11, value(name, type, shape));
    return name;
  }

  void output(String name, long... shape) {
    graph.message(12, value(name, FLOAT, shape));
  }

  private static Message value(String name, int type, long... shape) {
    Message dims = new Message();
    for (long d : shape) dims.message(1, new Message().varint(1, d));
    Message tensor = new Message().varint(1, type).message(2, dims);
    return new Message().text(1, name).message(2, new Message().message(1, tensor));
  }

  /** A weight, normal with the given deviation. */
  String weight(double deviation, long... shape) {
    return constant(random, deviation, 0, shape);
  }

  String constant(float[] values, long... shape) {
    ByteBuffer b = ByteBuffer.allocate(4 * values.length).order(ByteOrder.LITTLE_ENDIAN);
    for (float v : values) b.putFloat(v);
    return tensor(FLOAT, b.array(), shape);
  }

  String constant(long... values) {
    ByteBuffer b = ByteBuffer.allocate(8 * values.length).order(ByteOrder.LITTLE_ENDIAN);
    for (long v : values) b.putLong(v);
    return tensor(INT64, b.array(), values.length);
  }

  /** Uniform in [0.5, 1.5): scales and variances. */
  String positive(long n) {
    float[] v = new float[(int) n];
    for (int i = 0; i < v.length; i++) v[i] = 0.5f + random.nextFloat();
    return constant(v, n);
  }

  private String constant(Random r, double deviation, double mean, long... shape) {
    int n = 1;
    for (long d : shape) n *= (int) d;
    float[] v = new float[n];
    for (int i = 0; i < n; i++) v[i] = (float) (mean + deviation * r.nextGaussian());
    return constant(v, shape);
  }

  private String tensor(int type, byte[] data, long... shape) {
    String name = fresh("w");
    Message t = new Message();
    for (long d : shape) t.varint(1, d);
    graph.message(5, t.varint(2, type).text(8, name).bytes(9, data));
    return name;
  }

  /** A node with one output, whose name is returned. Attributes: name, then Long, Float, String or long[]. */
  String node(String op, String[] inputs, Object... attributes) {
    String out = fresh(op);
    nodeTo(new String[]{out}, op, inputs, attributes);
    return out;
  }

  /** A node whose outputs are named by the caller; an empty name leaves one out. */
  void nodeTo(String[] outputs, String op, String[] inputs, Object... attributes) {
    Message n = new Message();
    for (String i : inputs) n.text(1, i);
    for (String o : outputs) n.text(2, o);
    n.text(4, op);
    for (int i = 0; i < attributes.length; i += 2) n.message(5, attribute((String) attributes[i], attributes[i + 1]));
    graph.message(1, n);
  }

  private static Message attribute(String name, Object value) {
    Message a = new Message().text(1, name);
    return switch (value) {
      case Long v -> a.varint(3, v).varint(20, 2);
      case Float v -> a.fixed32(2, v).varint(20, 1);
      case String v -> a.text(4, v).varint(20, 3);
      case long[] v -> {
        for (long l : v) a.varint(8, l);
        yield a.varint(20, 7);
      }
      default -> throw new IllegalArgumentException(name + ": " + value);
    };
  }

  byte[] bytes() {
    Message m = new Message().varint(1, opset >= 23 ? 11 : 8);
    m.message(8, new Message().text(1, "").varint(2, opset));
    return m.message(7, graph).out.toByteArray();
  }
}
