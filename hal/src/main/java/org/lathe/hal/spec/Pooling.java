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
 * {@code other} (of the data's shape) where {@code data} has its maximum; 0 for an empty window. The epilogue follows,
 * over the result's space, for gradients over the data's; its inputs come after these operands.
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
    boolean countPadding,
    Epilogue epilogue)
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
    epilogue.check(dtype.compute(), space(form, batch, channels, height, width, outHeight, outWidth));
  }

  /** A pooling whose dense result is stored as it is. */
  public static Pooling storing(
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
      boolean countPadding) {
    Dims space = space(form, batch, channels, height, width, outHeight, outWidth);
    return new Pooling(kind, form, dtype, batch, channels, height, width, outHeight, outWidth, windowHeight,
        windowWidth,
        strideY, strideX, padY, padX, countPadding, Epilogue.store(dtype.compute(), View.dense(dtype, space)));
  }

  private static Dims space(
      Form form, long batch, long channels, long height, long width, long outHeight, long outWidth) {
    return form == Form.GRADIENT
        ? Dims.of(batch, channels, height, width)
        : Dims.of(batch, channels, outHeight, outWidth);
  }

  /** The output space, over which the epilogue runs. */
  public Dims space() {
    return space(form, batch, channels, height, width, outHeight, outWidth);
  }

  /** How many inputs come before the epilogue's. */
  public int pooledInputs() {
    return form == Form.FORWARD || (form == Form.GRADIENT && kind == Kind.MEAN) ? 1 : 2;
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
    List<Operand> pooled = switch (form) {
      case FORWARD -> List.of(data);
      case GRADIENT -> kind == Kind.MAX ? List.of(data, result) : List.of(result);
      case PICK -> List.of(data, data);
    };
    return Check.concat(pooled, epilogue.inputOperands(space()));
  }

  @Override
  public List<Operand> outputs() {
    return epilogue.outputOperands(space());
  }

  @Override
  public long operations() {
    return resultShape().product() * windowHeight * windowWidth + space().product() * epilogue.expr().operations();
  }

  @Override
  public boolean allowsInPlace(int input, int output) {
    int i = input - pooledInputs();
    return i >= 0 && epilogue.inputs().get(i).equals(epilogue.outputs().get(output));
  }
}
