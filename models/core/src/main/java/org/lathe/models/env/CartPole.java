package org.lathe.models.env;

import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.geom.Line2D;
import java.awt.geom.Rectangle2D;
import java.util.random.RandomGenerator;

/**
 * A pole on a cart that is pushed left (0) or right (1) with a constant force (Barto, Sutton and Anderson 1983), with the
 * dynamics and the numbers of Gymnasium's CartPole-v1: Euler steps of 0.02 s in float64.
 *
 * <p>Observation: cart position (m), velocity (m/s), pole angle (rad), angular velocity (rad/s). Reward: 1 for each step, the
 * last included. Terminated when the cart leaves +-2.4 m or the pole +-12 degrees; truncated after 500 steps.
 */
public final class CartPole implements Environment {
  public static final int LIMIT = 500;
  private static final double GRAVITY = 9.8;
  private static final double CART_MASS = 1;
  private static final double POLE_MASS = 0.1;
  private static final double TOTAL_MASS = CART_MASS + POLE_MASS;
  /** From the pivot to the pole's centre of mass. */
  private static final double HALF_LENGTH = 0.5;
  private static final double FORCE = 10;
  private static final double SECONDS = 0.02;
  private static final double MOST_ANGLE = 12 * 2 * Math.PI / 360;
  private static final double MOST_POSITION = 2.4;
  private static final double START = 0.05;

  private double position;
  private double velocity;
  private double angle;
  private double angularVelocity;
  private int steps;
  private boolean running;

  @Override
  public int observationSize() {
    return 4;
  }

  @Override
  public int actions() {
    return 2;
  }

  @Override
  public int limit() {
    return LIMIT;
  }

  @Override
  public float[] reset(RandomGenerator random) {
    position = random.nextDouble(-START, START);
    velocity = random.nextDouble(-START, START);
    angle = random.nextDouble(-START, START);
    angularVelocity = random.nextDouble(-START, START);
    steps = 0;
    running = true;
    return observation();
  }

  @Override
  public Transition step(int action) {
    Environment.checkStep(this, action, running);
    double force = action == 1 ? FORCE : -FORCE;
    double cos = Math.cos(angle);
    double sin = Math.sin(angle);
    double push = (force + POLE_MASS * HALF_LENGTH * angularVelocity * angularVelocity * sin) / TOTAL_MASS;
    double angularAcceleration = (GRAVITY * sin - cos * push)
        / (HALF_LENGTH * (4.0 / 3 - POLE_MASS * cos * cos / TOTAL_MASS));
    double acceleration = push - POLE_MASS * HALF_LENGTH * angularAcceleration * cos / TOTAL_MASS;
    position += SECONDS * velocity;
    velocity += SECONDS * acceleration;
    angle += SECONDS * angularVelocity;
    angularVelocity += SECONDS * angularAcceleration;
    steps++;
    boolean terminated = Math.abs(position) > MOST_POSITION || Math.abs(angle) > MOST_ANGLE;
    boolean truncated = steps >= LIMIT;
    running = !terminated && !truncated;
    return new Transition(observation(), 1, terminated, truncated);
  }

  @Override
  public float[] observation() {
    return new float[]{(float) position, (float) velocity, (float) angle, (float) angularVelocity};
  }

  @Override
  public double[] state() {
    return new double[]{position, velocity, angle, angularVelocity, steps, running ? 1 : 0};
  }

  @Override
  public void restore(double[] state) {
    position = state[0];
    velocity = state[1];
    angle = state[2];
    angularVelocity = state[3];
    steps = (int) state[4];
    running = state[5] != 0;
  }

  @Override
  public void draw(Graphics2D g, int width, int height) {
    double metre = width / (2.2 * MOST_POSITION);
    double floor = 0.8 * height;
    double x = width / 2.0 + position * metre;
    g.setColor(Color.LIGHT_GRAY);
    g.setStroke(new BasicStroke(2));
    g.draw(new Line2D.Double(0, floor, width, floor));
    g.setColor(Color.DARK_GRAY);
    g.fill(new Rectangle2D.Double(x - 0.25 * metre, floor - 0.3 * metre, 0.5 * metre, 0.3 * metre));
    g.setColor(new Color(200, 120, 50));
    g.setStroke(new BasicStroke(4));
    double top = floor - 0.3 * metre;
    double length = 2 * HALF_LENGTH * metre;
    g.draw(new Line2D.Double(x, top, x + length * Math.sin(angle), top - length * Math.cos(angle)));
  }
}
