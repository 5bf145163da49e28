package org.lathe.backends.simt.schedule;

import java.util.List;
import org.lathe.backends.simt.ir.KernelBuilder;
import org.lathe.backends.simt.ir.Memory;
import org.lathe.backends.simt.ir.Value;
import org.lathe.backends.simt.ir.Values;
import org.lathe.backends.simt.ir.Variable;
import org.lathe.hal.DType;
import org.lathe.hal.Dims;
import org.lathe.hal.spec.View;

/**
 * A line buffer: the last rows of some planes of an image on the chip, each row in the place of the one that lies as many
 * rows before it. Rows are counted in an image that is framed by zeros.
 */
final class PipelineLines {
  /** Elements read at once. */
  private static final int WIDE = 4;

  private final KernelBuilder k;
  private final DType dtype;
  private final Memory lines;
  private final Shape shape;

  /**
   * @param planes of one image that are held at once
   * @param rows held at once
   * @param width of a framed row
   * @param frameY rows of zeros before the image's first
   * @param frameX columns of zeros before the image's first
   */
  record Shape(long planes, long rows, long width, long frameY, long frameX) {
    /** With as many columns more as make rows end where vectors do. */
    Shape {
      width = Math.ceilDiv(width, WIDE) * WIDE;
    }

    long elements() {
      return planes * rows * width;
    }
  }

  PipelineLines(KernelBuilder k, DType dtype, Shape shape) {
    this.k = k;
    this.dtype = dtype;
    this.shape = shape;
    this.lines = k.local("lines", dtype, shape.elements());
  }

  /**
   * Reads framed rows.
   *
   * @param space of the image memory, [images, planes, height, width]
   * @param image its number
   * @param plane the first of the planes, which are all there but in the last of several blocks
   * @param allPlanes one more than the last plane that is there
   * @param first framed row
   * @param end one more than the last
   */
  void read(
      Memory memory, View view, Dims space, Value image, Value plane, Value allPlanes, Value first, Value end) {
    long height = space.get(2);
    long width = space.get(3);
    k.loop("line", first, end, 1, line -> k.loop("c", shape.planes(), c -> k.loop(
        "z", Values.index(0), Values.index(shape.width()), 1, WIDE, z -> {
          Value channel = k.let("channel", Values.add(plane, c));
          Value y = k.let("sy", Values.sub(line, shape.frameY()));
          Value x = k.let("sx", Values.sub(z, shape.frameX()));
          Variable value = k.variable("value", Values.constant(dtype, 0));
          Value there = Values.and(
              Values.atLeast(y, 0), Values.less(y, height), Values.atLeast(x, 0), Values.less(x, width),
              Values.less(channel, allPlanes));
          k.when(there, () -> k.assign(
              value, Values.load(memory, Accesses.element(view, List.of(image, channel, y, x), space))));
          k.store(lines, place(c, line, z), Values.read(value));
        })));
  }

  /** What a framed row holds at a framed column. */
  Value at(Value plane, Value line, Value column) {
    return Values.load(lines, place(plane, line, column));
  }

  private Value place(Value plane, Value line, Value column) {
    Value row = Values.add(Values.mul(plane, shape.rows()), Values.rem(line, shape.rows()));
    return Values.add(Values.mul(row, shape.width()), column);
  }
}
