package org.lathe.tornado.standin.math;

/** In the place of TornadoVM's class of this name: what kernels call of it. */
public final class TornadoMath {
  private TornadoMath() {}

  public static float abs(float x) {
    return Math.abs(x);
  }

  public static double abs(double x) {
    return Math.abs(x);
  }

  public static float exp(float x) {
    return (float) Math.exp(x);
  }

  public static double exp(double x) {
    return Math.exp(x);
  }

  public static float log(float x) {
    return (float) Math.log(x);
  }

  public static double log(double x) {
    return Math.log(x);
  }

  public static float sqrt(float x) {
    return (float) Math.sqrt(x);
  }

  public static double sqrt(double x) {
    return Math.sqrt(x);
  }

  public static float sin(float x) {
    return (float) Math.sin(x);
  }

  public static double sin(double x) {
    return Math.sin(x);
  }

  public static float cos(float x) {
    return (float) Math.cos(x);
  }

  public static double cos(double x) {
    return Math.cos(x);
  }

  public static float tanh(float x) {
    return (float) Math.tanh(x);
  }

  public static double tanh(double x) {
    return Math.tanh(x);
  }

  public static float floor(float x) {
    return (float) Math.floor(x);
  }

  public static double floor(double x) {
    return Math.floor(x);
  }

  public static float ceil(float x) {
    return (float) Math.ceil(x);
  }

  public static double ceil(double x) {
    return Math.ceil(x);
  }

  public static float pow(float a, float b) {
    return (float) Math.pow(a, b);
  }

  public static double pow(double a, double b) {
    return Math.pow(a, b);
  }
}
