package org.lathe.compiler.op;

import java.util.List;
import org.lathe.compiler.ir.Attributes;
import org.lathe.hal.DType;
import org.lathe.hal.Dims;

/** What a {@link Tensor} does to each element. Binary ops broadcast. */
public sealed interface TensorElements permits Tensor {
  private Tensor self() {
    return (Tensor) this;
  }

  private Tensor unary(OpDef op) {
    return Tensor.apply(op, List.of(self()), Attributes.NONE);
  }

  private Tensor binary(OpDef op, Tensor other) {
    Dims to = self().located(
        () -> {
          Types.sameDtype(op.name(), self().type(), other.type());
          return Tensor.broadcastShapes(op.name(), self().shape(), other.shape());
        });
    return Tensor.apply(op, List.of(self().broadcastTo(to), other.broadcastTo(to)), Attributes.NONE);
  }

  private Tensor binary(OpDef op, double other) {
    return Tensor.apply(op, List.of(self(), self().like(other)), Attributes.NONE);
  }

  default Tensor add(Tensor other) {
    return binary(Elementwise.ADD, other);
  }

  default Tensor add(double other) {
    return binary(Elementwise.ADD, other);
  }

  default Tensor sub(Tensor other) {
    return binary(Elementwise.SUB, other);
  }

  default Tensor sub(double other) {
    return binary(Elementwise.SUB, other);
  }

  default Tensor mul(Tensor other) {
    return binary(Elementwise.MUL, other);
  }

  default Tensor mul(double other) {
    return binary(Elementwise.MUL, other);
  }

  default Tensor div(Tensor other) {
    return binary(Elementwise.DIV, other);
  }

  default Tensor div(double other) {
    return binary(Elementwise.DIV, other);
  }

  /** {@code number - this}. */
  default Tensor subtractedFrom(double number) {
    return self().like(number).sub(self());
  }

  /** The remainder, with this tensor's sign. */
  default Tensor rem(Tensor other) {
    return binary(Elementwise.REM, other);
  }

  default Tensor rem(double other) {
    return binary(Elementwise.REM, other);
  }

  default Tensor pow(Tensor exponent) {
    return binary(Elementwise.POW, exponent);
  }

  default Tensor pow(double exponent) {
    return exponent == 1
        ? self()
        : exponent == 2 ? square() : exponent == 0.5 ? sqrt() : binary(Elementwise.POW, exponent);
  }

  default Tensor maximum(Tensor other) {
    return binary(Elementwise.MAXIMUM, other);
  }

  default Tensor maximum(double other) {
    return binary(Elementwise.MAXIMUM, other);
  }

  default Tensor minimum(Tensor other) {
    return binary(Elementwise.MINIMUM, other);
  }

  default Tensor minimum(double other) {
    return binary(Elementwise.MINIMUM, other);
  }

  default Tensor clamp(double low, double high) {
    return maximum(low).minimum(high);
  }

  default Tensor square() {
    return mul(self());
  }

  default Tensor neg() {
    return unary(Elementwise.NEG);
  }

  default Tensor abs() {
    return unary(Elementwise.ABS);
  }

  default Tensor sign() {
    return unary(Elementwise.SIGN);
  }

  default Tensor reciprocal() {
    return unary(Elementwise.RECIPROCAL);
  }

  default Tensor sqrt() {
    return unary(Elementwise.SQRT);
  }

  default Tensor rsqrt() {
    return unary(Elementwise.RSQRT);
  }

  default Tensor exp() {
    return unary(Elementwise.EXP);
  }

  default Tensor expm1() {
    return unary(Elementwise.EXPM1);
  }

  default Tensor log() {
    return unary(Elementwise.LOG);
  }

  default Tensor log1p() {
    return unary(Elementwise.LOG1P);
  }

  default Tensor sin() {
    return unary(Elementwise.SIN);
  }

  default Tensor cos() {
    return unary(Elementwise.COS);
  }

  default Tensor tanh() {
    return unary(Elementwise.TANH);
  }

  default Tensor sigmoid() {
    return unary(Elementwise.SIGMOID);
  }

  default Tensor erf() {
    return unary(Elementwise.ERF);
  }

  default Tensor floor() {
    return unary(Elementwise.FLOOR);
  }

  default Tensor ceil() {
    return unary(Elementwise.CEIL);
  }

  /** To the nearest integer, ties to even. */
  default Tensor round() {
    return unary(Elementwise.ROUND);
  }

  default Tensor not() {
    return unary(Elementwise.NOT);
  }

  default Tensor isNan() {
    return unary(Elementwise.IS_NAN);
  }

  default Tensor isFinite() {
    return unary(Elementwise.IS_FINITE);
  }

  default Tensor and(Tensor other) {
    return binary(Elementwise.AND, other);
  }

  default Tensor or(Tensor other) {
    return binary(Elementwise.OR, other);
  }

  default Tensor xor(Tensor other) {
    return binary(Elementwise.XOR, other);
  }

  default Tensor shiftLeft(Tensor other) {
    return binary(Elementwise.SHIFT_LEFT, other);
  }

  default Tensor shiftRight(Tensor other) {
    return binary(Elementwise.SHIFT_RIGHT, other);
  }

  default Tensor less(Tensor other) {
    return binary(Elementwise.LESS, other);
  }

  default Tensor less(double other) {
    return binary(Elementwise.LESS, other);
  }

  default Tensor lessEqual(Tensor other) {
    return binary(Elementwise.LESS_EQUAL, other);
  }

  default Tensor lessEqual(double other) {
    return binary(Elementwise.LESS_EQUAL, other);
  }

  default Tensor greater(Tensor other) {
    return binary(Elementwise.GREATER, other);
  }

  default Tensor greater(double other) {
    return binary(Elementwise.GREATER, other);
  }

  default Tensor greaterEqual(Tensor other) {
    return binary(Elementwise.GREATER_EQUAL, other);
  }

  default Tensor greaterEqual(double other) {
    return binary(Elementwise.GREATER_EQUAL, other);
  }

  default Tensor equalTo(Tensor other) {
    return binary(Elementwise.EQUAL, other);
  }

  default Tensor equalTo(double other) {
    return binary(Elementwise.EQUAL, other);
  }

  default Tensor notEqualTo(Tensor other) {
    return binary(Elementwise.NOT_EQUAL, other);
  }

  default Tensor notEqualTo(double other) {
    return binary(Elementwise.NOT_EQUAL, other);
  }

  default Tensor shiftRight(int bits) {
    return binary(Elementwise.SHIFT_RIGHT, bits);
  }

  default Tensor shiftLeft(int bits) {
    return binary(Elementwise.SHIFT_LEFT, bits);
  }

  /** Of a bool: {@code yes} where true, else {@code no}; all three broadcast. */
  default Tensor where(Tensor yes, Tensor no) {
    Dims to = self().located(
        () -> {
          Types.sameDtype("select", yes.type(), no.type());
          return Tensor.broadcastShapes("select", self().shape(),
              Tensor.broadcastShapes("select", yes.shape(), no.shape()));
        });
    return Tensor.apply(Elementwise.SELECT, List.of(self().broadcastTo(to), yes.broadcastTo(to), no.broadcastTo(to)),
        Attributes.NONE);
  }

  default Tensor cast(DType dtype) {
    return dtype == self().dtype()
        ? self()
        : Tensor.apply(Elementwise.CAST, List.of(self()), Attributes.of("dtype", dtype));
  }

  /** The same values, through which no gradient flows back. */
  default Tensor stopGradient() {
    return unary(Linear.STOP_GRADIENT);
  }

  default Tensor relu() {
    return unary(Activations.RELU);
  }

  /** x where positive, else {@code slope} times x. */
  default Tensor leakyRelu(double slope) {
    return Tensor.apply(Activations.LEAKY_RELU, List.of(self()), Attributes.of("slope", slope));
  }

  /** x where positive, else {@code alpha} times (exp(x) - 1). */
  default Tensor elu(double alpha) {
    return Tensor.apply(Activations.ELU, List.of(self()), Attributes.of("alpha", alpha));
  }

  /** By the error function. */
  default Tensor gelu() {
    return unary(Activations.GELU);
  }

  /** The approximation by tanh. */
  default Tensor geluTanh() {
    return unary(Activations.GELU_TANH);
  }

  /** x sigmoid(x). */
  default Tensor silu() {
    return unary(Activations.SILU);
  }

  /** log(1 + exp(x)). */
  default Tensor softplus() {
    return unary(Activations.SOFTPLUS);
  }

  /** x clamped to [-1, 1]. */
  default Tensor hardTanh() {
    return unary(Activations.HARD_TANH);
  }
}
