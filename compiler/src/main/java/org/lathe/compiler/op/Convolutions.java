package org.lathe.compiler.op;

import java.util.Arrays;
import java.util.List;
import org.lathe.compiler.ir.Attributes;
import org.lathe.compiler.ir.Literal;
import org.lathe.compiler.ir.TensorType;
import org.lathe.compiler.op.OpDef.Tolerance;
import org.lathe.compiler.op.Types.Elements;
import org.lathe.hal.Dims;
import org.lathe.hal.spec.Convolution;

/**
 * Two-dimensional convolution (cross-correlation) of data [batch, channels, height, width] with filters [filters,
 * channels / groups, kernelHeight, kernelWidth], and its two gradients, each of which is differentiated by the others.
 *
 * <p>Attributes: {@code stride}, {@code dilation}, {@code padLow}, {@code padHigh} (each [y, x]) and {@code groups}.
 */
public final class Convolutions {
  private Convolutions() {}

  /**
   * How the filters move; each pair is [y, x].
   *
   * @param padLow zeros above and to the left
   * @param padHigh zeros below and to the right
   */
  public record Options(Dims stride, Dims padLow, Dims padHigh, Dims dilation, long groups) {
    /** Stride 1, no padding. */
    public static final Options DEFAULT = new Options(Dims.of(1, 1), Dims.of(0, 0), Dims.of(0, 0), Dims.of(1, 1), 1);

    public static Options of(long stride, long pad) {
      return DEFAULT.withStride(stride).withPad(pad);
    }

    public Options withStride(long s) {
      return new Options(Dims.of(s, s), padLow, padHigh, dilation, groups);
    }

    /** The same padding on all four sides. */
    public Options withPad(long p) {
      return new Options(stride, Dims.of(p, p), Dims.of(p, p), dilation, groups);
    }

    public Options withPad(long top, long left, long bottom, long right) {
      return new Options(stride, Dims.of(top, left), Dims.of(bottom, right), dilation, groups);
    }

    public Options withDilation(long d) {
      return new Options(stride, padLow, padHigh, Dims.of(d, d), groups);
    }

    public Options withGroups(long g) {
      return new Options(stride, padLow, padHigh, dilation, g);
    }

    Attributes attributes() {
      return Attributes.of("stride", stride, "dilation", dilation)
          .with("padLow", padLow)
          .with("padHigh", padHigh)
          .with("groups", groups);
    }
  }

  /** (data, filters) -> result [batch, filters, outHeight, outWidth]. */
  public static final OpDef CONV2D = define("conv2d", Convolutions::resultType)
      .reference((in, a, out) -> convolve(in.get(0), in.get(1), a, out))
      .vjp(
          (c, g) -> Arrays.asList(
              c.wants(0) ? dataGradient(g, c.input(1), c.attributes(), c.input(0).shape()) : null,
              c.wants(1) ? filterGradient(c.input(0), g, c.attributes(), c.input(1).shape()) : null))
      .lowering(lowering(Convolution.Form.FORWARD))
      .sample("f32[2,3,7,5] f32[4,3,3,3]", Options.of(1, 1).attributes())
      .sample("f32[1,1,5,5] f32[1,1,5,5]", Options.DEFAULT.attributes())
      .sample("f32[1,4,13,9] f32[6,2,3,2]", Options.of(2, 1).withGroups(2).attributes())
      .sample("f32[2,3,9,9] f32[3,1,3,3]", Options.of(1, 2).withDilation(2).withGroups(3).attributes())
      .sample("f32[1,2,11,17] f32[5,2,7,7]", Options.of(2, 3).attributes())
      .sample("f32[1,2,1,13] f32[3,2,1,4]", Options.DEFAULT.withPad(0, 3, 0, 0).attributes())
      .sample("f32[2,5,3,3] f32[7,5,1,1]", Options.DEFAULT.attributes())
      .sample("f32[0,2,3,3] f32[2,2,2,2]", Options.DEFAULT.attributes())
      .sample("f64[1,2,5,4] f64[3,2,2,3]", Options.DEFAULT.withPad(1, 0, 0, 2).attributes())
      .sample("bf16[1,2,5,5] bf16[2,2,3,3]", Options.of(1, 1).attributes())
      .build();

  /**
   * (gradient of the result, filters) -> gradient of the data, of attribute {@code shape}; also the transposed
   * convolution.
   */
  public static final OpDef CONV2D_DATA_GRADIENT = define("conv2dDataGradient", Convolutions::dataType)
      .reference((in, a, out) -> dataGradient(in.get(0), in.get(1), a, out))
      .vjp(
          (c, u) -> Arrays.asList(
              c.wants(0) ? Tensor.apply(CONV2D, List.of(u, c.input(1)), plain(c.attributes())) : null,
              c.wants(1) ? filterGradient(u, c.input(0), c.attributes(), c.input(1).shape()) : null))
      .lowering(lowering(Convolution.Form.DATA_GRADIENT))
      .sample("f32[2,4,7,5] f32[4,3,3,3]", shaped(Options.of(1, 1), 2, 3, 7, 5))
      .sample("f32[1,6,7,5] f32[6,2,3,3]", shaped(Options.of(2, 1).withGroups(2), 1, 4, 13, 9))
      .sample("f32[1,6,7,5] f32[6,2,3,3]", shaped(Options.of(2, 1).withGroups(2), 1, 4, 14, 10))
      .sample("f32[1,2,3,3] f32[2,1,3,3]", shaped(Options.DEFAULT.withDilation(2), 1, 1, 7, 7))
      .sample("f64[1,3,5,4] f64[3,2,2,3]", shaped(Options.DEFAULT.withPad(1, 0, 0, 2), 1, 2, 5, 4))
      .build();

  /** (data, gradient of the result) -> gradient of the filters, of attribute {@code shape}. */
  public static final OpDef CONV2D_FILTER_GRADIENT = define("conv2dFilterGradient", Convolutions::filterType)
      .reference((in, a, out) -> filterGradient(in.get(0), in.get(1), a, out))
      .vjp(
          (c, u) -> Arrays.asList(
              c.wants(0) ? dataGradient(c.input(1), u, c.attributes(), c.input(0).shape()) : null,
              c.wants(1) ? Tensor.apply(CONV2D, List.of(c.input(0), u), plain(c.attributes())) : null))
      .lowering(lowering(Convolution.Form.FILTER_GRADIENT))
      .sample("f32[2,3,7,5] f32[2,4,7,5]", shaped(Options.of(1, 1), 4, 3, 3, 3))
      .sample("f32[1,4,13,9] f32[1,6,7,5]", shaped(Options.of(2, 1).withGroups(2), 6, 2, 3, 3))
      .sample("f32[0,2,3,3] f32[0,2,2,2]", shaped(Options.DEFAULT, 2, 2, 2, 2))
      .sample("f64[1,2,5,4] f64[1,3,5,4]", shaped(Options.DEFAULT.withPad(1, 0, 0, 2), 3, 2, 2, 3))
      .build();

  static final List<OpDef> ALL = List.of(CONV2D, CONV2D_DATA_GRADIENT, CONV2D_FILTER_GRADIENT);

  /** The transposed convolution: result-shaped input [batch, filters, h, w] to data of {@code shape}. */
  static Tensor transposed(Tensor x, Tensor filters, Options options, Dims shape) {
    return dataGradient(x, filters, options.attributes(), shape);
  }

  private static Attributes shaped(Options options, long... shape) {
    return options.attributes().with("shape", Dims.of(shape));
  }

  /** The attributes that all three ops share. */
  private static Attributes plain(Attributes a) {
    return new Options(a.dims("stride"), a.dims("padLow"), a.dims("padHigh"), a.dims("dilation"), a.integer("groups"))
        .attributes();
  }

  private static Tensor dataGradient(Tensor g, Tensor filters, Attributes a, Dims shape) {
    return Tensor.apply(CONV2D_DATA_GRADIENT, List.of(g, filters), plain(a).with("shape", shape));
  }

  private static Tensor filterGradient(Tensor data, Tensor g, Attributes a, Dims shape) {
    return Tensor.apply(CONV2D_FILTER_GRADIENT, List.of(data, g), plain(a).with("shape", shape));
  }

  private static OpDefBuilder define(String name, OpDefBuilder.SingleType type) {
    return OpDef.named(name)
        .type(
            (in, a) -> {
              Types.count(name, in, 2);
              Types.elements(name, in.get(0), Elements.FLOATING);
              Types.sameDtype(name, in.get(0), in.get(1));
              Types.rank(name, "operand", in.get(0), 4);
              Types.rank(name, "operand", in.get(1), 4);
              return type.infer(in, a);
            })
        .tolerance(Tolerance.ACCUMULATION);
  }

  private static TensorType resultType(List<TensorType> in, Attributes a) {
    return in.getFirst().withShape(resultShape("conv2d", in.get(0).shape(), in.get(1).shape(), a));
  }

  private static Dims resultShape(String op, Dims data, Dims filters, Attributes a) {
    long groups = a.integer("groups");
    String what = data + " with filters " + filters + ": ";
    Types.that(
        groups > 0 && data.get(1) % groups == 0 && filters.get(0) % groups == 0,
        op,
        what + groups + " groups do not divide " + data.get(1) + " channels and " + filters.get(0) + " filters");
    Types.that(
        data.get(1) / groups == filters.get(1),
        op,
        what + "filters take " + filters.get(1) + " channels, a group of the data has " + data.get(1) / groups);
    long[] out = {data.get(0), filters.get(0), 0, 0};
    for (int d = 0; d < 2; d++) {
      Types.that(
          a.dims("stride").get(d) > 0 && a.dims("dilation").get(d) > 0,
          op,
          "stride " + a.dims("stride") + " and dilation " + a.dims("dilation") + " must be positive");
      Types.that(
          a.dims("padLow").get(d) >= 0 && a.dims("padHigh").get(d) >= 0,
          op,
          "padding " + a.dims("padLow") + " and " + a.dims("padHigh") + " must not be negative");
      long room = data.get(2 + d) + a.dims("padLow").get(d) + a.dims("padHigh").get(d);
      long reach = (filters.get(2 + d) - 1) * a.dims("dilation").get(d) + 1;
      Types.that(reach > 0 && reach <= room, op,
          what + "a filter reaches over " + reach + ", the padded data has " + room);
      out[2 + d] = (room - reach) / a.dims("stride").get(d) + 1;
    }
    return Dims.of(out);
  }

  private static TensorType dataType(List<TensorType> in, Attributes a) {
    Dims shape = a.dims("shape");
    Types.that(shape.rank() == 4, "conv2dDataGradient", "shape " + shape + " must have rank 4");
    Dims result = resultShape("conv2dDataGradient", shape, in.get(1).shape(), a);
    Types.shape("conv2dDataGradient", "result's gradient", in.get(0), result);
    return in.getFirst().withShape(shape);
  }

  private static TensorType filterType(List<TensorType> in, Attributes a) {
    Dims shape = a.dims("shape");
    Types.that(shape.rank() == 4, "conv2dFilterGradient", "shape " + shape + " must have rank 4");
    Dims result = resultShape("conv2dFilterGradient", in.get(0).shape(), shape, a);
    Types.shape("conv2dFilterGradient", "result's gradient", in.get(1), result);
    return in.getFirst().withShape(shape);
  }

  private static Lowering lowering(Convolution.Form form) {
    return Lowering.Fusable.strided(
        (types, views, a, out, epilogue) -> {
          Dims first = types.get(0).shape();
          Dims second = types.get(1).shape();
          Dims data = form == Convolution.Form.DATA_GRADIENT ? out.shape() : first;
          Dims filters = form == Convolution.Form.FILTER_GRADIENT ? out.shape() : second;
          Dims result = switch (form) {
            case FORWARD -> out.shape();
            case DATA_GRADIENT -> first;
            case FILTER_GRADIENT -> second;
          };
          Convolution.Geometry geometry = new Convolution.Geometry(
              data.get(0),
              data.get(1),
              data.get(2),
              data.get(3),
              filters.get(0),
              result.get(2),
              result.get(3),
              filters.get(2),
              filters.get(3),
              a.dims("stride").get(0),
              a.dims("stride").get(1),
              a.dims("padLow").get(0),
              a.dims("padLow").get(1),
              a.dims("dilation").get(0),
              a.dims("dilation").get(1),
              a.integer("groups"));
          return new Convolution(form, geometry, views.get(0), views.get(1), epilogue);
        });
  }

  /** One multiplication of the sum: positions in the data, the filters and the result. */
  private interface Tap {
    void at(int data, int filter, int result);
  }

  private static void taps(Dims data, Dims filters, Dims result, Attributes a, Tap tap) {
    long perGroup = filters.get(0) / a.integer("groups");
    Loops.each(
        result,
        (r, at) -> {
          long group = r[1] / perGroup;
          for (long c = 0; c < filters.get(1); c++) {
            for (long i = 0; i < filters.get(2); i++) {
              for (long j = 0; j < filters.get(3); j++) {
                long y = r[2] * a.dims("stride").get(0) + i * a.dims("dilation").get(0) - a.dims("padLow").get(0);
                long x = r[3] * a.dims("stride").get(1) + j * a.dims("dilation").get(1) - a.dims("padLow").get(1);
                if (y >= 0 && y < data.get(2) && x >= 0 && x < data.get(3)) {
                  tap.at(
                      Loops.flat(data, r[0], group * filters.get(1) + c, y, x),
                      Loops.flat(filters, r[1], c, i, j),
                      at);
                }
              }
            }
          }
        });
  }

  private static Literal convolve(Literal data, Literal filters, Attributes a, TensorType out) {
    double[] sum = new double[Math.toIntExact(out.size())];
    taps(
        data.type().shape(),
        filters.type().shape(),
        out.shape(),
        a,
        (d, f, r) -> sum[r] += data.get(d) * filters.get(f));
    return Literal.adopt(out, sum);
  }

  private static Literal dataGradient(Literal g, Literal filters, Attributes a, TensorType out) {
    double[] sum = new double[Math.toIntExact(out.size())];
    taps(
        out.shape(),
        filters.type().shape(),
        g.type().shape(),
        a,
        (d, f, r) -> sum[d] += g.get(r) * filters.get(f));
    return Literal.adopt(out, sum);
  }

  private static Literal filterGradient(Literal data, Literal g, Attributes a, TensorType out) {
    double[] sum = new double[Math.toIntExact(out.size())];
    taps(data.type().shape(), out.shape(), g.type().shape(), a, (d, f, r) -> sum[f] += data.get(d) * g.get(r));
    return Literal.adopt(out, sum);
  }
}
