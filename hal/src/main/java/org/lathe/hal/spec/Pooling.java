package org.lathe.hal.spec;

import java.util.List;
import org.lathe.hal.DType;
import org.lathe.hal.Dims;

/**
 * Two-dimensional pooling over dense [batch, channels, height, width] data, and its gradients.
 *
 * <p>The window of output (y, x) begins at (y*strideY - padY, x*strideX - padX); elements outside the data do not count:
 * a mean divides by the number inside, or by the whole window if {@code countPadding}. A window with nothing inside
 * gives -inf for MAX and 0 for MEAN. The maximum of a window is its first in row-major order; the first NaN counts as
 * the maximum.
 *
 * <p>Operands: {@code FORWARD} data -> result. {@code GRADIENT} of MAX: data, result's gradient -> data's gradient; of
 * MEAN: result's gradient -> data's gradient. {@code PICK} (MAX only): data, other -> for each window the element of
 * {@code other} (of the data's shape) where {@code data} has its maximum; 0 for an empty window.
 */
public record Pooling(
    Kind kind,
    Form form,
    DType dtype,
    long batch,
    long channels,
    long height,
    long width,
    long outHeight,
    long outWidth,
    long windowHeight,
    long windowWidth,
    long strideY,
    long strideX,
    long padY,
    long padX,
    boolean countPadding)
    implements
      KernelSpec {

  public enum Kind {
    MAX, MEAN
  }

  public enum Form {
    FORWARD, GRADIENT, PICK
  }

  public Pooling {
    Check.that(form != Form.PICK || kind == Kind.MAX, "only MAX pooling picks");
    Check.that(strideY > 0 && strideX > 0, "strides are positive");
    Check.sizes("a Pooling", batch, channels, height, width, outHeight, outWidth, windowHeight, windowWidth);
    Check.that(padY >= 0 && padX >= 0, "a Pooling with a padding of " + padY + ", " + padX);
    Check.that(dtype.isFloating(), "a Pooling of " + dtype);
  }

  public Dims dataShape() {
    return Dims.of(batch, channels, height, width);
  }

  public Dims resultShape() {
    return Dims.of(batch, channels, outHeight, outWidth);
  }

  @Override
  public List<Operand> inputs() {
    Operand data = new Operand(dtype, dataShape().product());
    Operand result = new Operand(dtype, resultShape().product());
    return switch (form) {
      case FORWARD -> List.of(data);
      case GRADIENT -> kind == Kind.MAX ? List.of(data, result) : List.of(result);
      case PICK -> List.of(data, data);
    };
  }

  @Override
  public List<Operand> outputs() {
    return List.of(new Operand(dtype, (form == Form.GRADIENT ? dataShape() : resultShape()).product()));
  }

  @Override
  public long operations() {
    return resultShape().product() * windowHeight * windowWidth;
  }
}
