package org.lathe.hal.spec;

import java.util.List;
import org.lathe.hal.DType;
import org.lathe.hal.Dims;

/**
 * A two-dimensional convolution (cross-correlation) or one of its gradients. One-dimensional ones have height 1; a
 * transposed convolution is {@code DATA_GRADIENT}.
 *
 * <p>Logical spaces, whatever the layout in memory (which is in the strides): {@code data} over [batch, channels, height,
 * width], {@code filters} over [filters, channels / groups, kernelHeight, kernelWidth], {@code result} over [batch,
 * filters, outHeight, outWidth], where
 *
 * <pre>result[b, f, y, x] = sum over c, i, j of data[b, c, y*strideY + i*dilationY - padY, x*strideX + j*dilationX - padX] * filters[f, c, i, j]</pre>
 *
 * with zeros outside the data. Whether a factor that is not finite gives NaN where it meets such a zero, or nothing, is the
 * backend's choice: not every one multiplies there.
 *
 * <p>{@code FORWARD}: {@code first} = data, {@code second} = filters, the epilogue over the result's space. {@code
 * DATA_GRADIENT}: {@code first} = the result's gradient, {@code second} = filters, the epilogue over the data's space.
 * {@code FILTER_GRADIENT}: {@code first} = data, {@code second} = the result's gradient, the epilogue over the filters'
 * space. Inputs after the first two are the epilogue's.
 */
public record Convolution(Form form, Geometry geometry, View first, View second, Epilogue epilogue)
    implements
      KernelSpec {

  public enum Form {
    FORWARD, DATA_GRADIENT, FILTER_GRADIENT
  }

  /** Sizes, in elements. Padding is not negative; padding after the data follows from the output's size. */
  public record Geometry(
      long batch,
      long channels,
      long height,
      long width,
      long filters,
      long outHeight,
      long outWidth,
      long kernelHeight,
      long kernelWidth,
      long strideY,
      long strideX,
      long padY,
      long padX,
      long dilationY,
      long dilationX,
      long groups) {
    public Geometry {
      Check.sizes(
          "a Convolution", batch, channels, height, width, filters, outHeight, outWidth, kernelHeight, kernelWidth);
      Check.that(padY >= 0 && padX >= 0, "a Convolution with a padding of " + padY + ", " + padX);
      Check.that(groups > 0 && channels % groups == 0 && filters % groups == 0, "groups divide channels and filters");
      Check.that(strideY > 0 && strideX > 0 && dilationY > 0 && dilationX > 0, "strides and dilations are positive");
    }

    public Dims dataShape() {
      return Dims.of(batch, channels, height, width);
    }

    public Dims filterShape() {
      return Dims.of(filters, channels / groups, kernelHeight, kernelWidth);
    }

    public Dims resultShape() {
      return Dims.of(batch, filters, outHeight, outWidth);
    }

    /** Multiply-adds, counting those with padding. */
    public long multiplyAdds() {
      return resultShape().product() * (channels / groups) * kernelHeight * kernelWidth;
    }
  }

  public Convolution {
    Check.views("a Convolution's first factor", List.of(first), firstSpace(form, geometry));
    Check.views("a Convolution's second factor", List.of(second), secondSpace(form, geometry));
    Check.noGuards("a Convolution's factor", first, second);
    Check.that(first.dtype() == second.dtype(), "a Convolution of " + first.dtype() + " and " + second.dtype());
    Check.that(first.dtype() != DType.BOOL, "a Convolution of bool");
    epilogue.check(first.dtype().compute(), space(form, geometry));
  }

  public DType accumulator() {
    return first.dtype().compute();
  }

  public Dims firstSpace() {
    return firstSpace(form, geometry);
  }

  public Dims secondSpace() {
    return secondSpace(form, geometry);
  }

  /** The output space, over which the epilogue runs. */
  public Dims space() {
    return space(form, geometry);
  }

  private static Dims firstSpace(Form form, Geometry geometry) {
    return form == Form.DATA_GRADIENT ? geometry.resultShape() : geometry.dataShape();
  }

  private static Dims secondSpace(Form form, Geometry geometry) {
    return form == Form.FILTER_GRADIENT ? geometry.resultShape() : geometry.filterShape();
  }

  private static Dims space(Form form, Geometry geometry) {
    return switch (form) {
      case FORWARD -> geometry.resultShape();
      case DATA_GRADIENT -> geometry.dataShape();
      case FILTER_GRADIENT -> geometry.filterShape();
    };
  }

  @Override
  public List<Operand> inputs() {
    return Check.concat(
        List.of(
            new Operand(first.dtype(), first.span(firstSpace())),
            new Operand(second.dtype(), second.span(secondSpace()))),
        epilogue.inputOperands(space()));
  }

  @Override
  public List<Operand> outputs() {
    return epilogue.outputOperands(space());
  }

  @Override
  public long operations() {
    return 2 * geometry.multiplyAdds() + space().product() * epilogue.expr().operations();
  }

  @Override
  public boolean allowsInPlace(int input, int output) {
    return input >= 2 && epilogue.inputs().get(input - 2).equals(epilogue.outputs().get(output));
  }
}
