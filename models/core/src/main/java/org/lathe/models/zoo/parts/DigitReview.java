package org.lathe.models.zoo.parts;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SplittableRandom;
import org.lathe.models.data.Column;
import org.lathe.models.data.Dataset;
import org.lathe.models.data.Digits;
import org.lathe.models.nets.LeNet5;
import org.lathe.models.train.Step;
import org.lathe.models.zoo.model.TrainRequest;
import org.lathe.models.zoo.parts.FrechetDistance.Moments;

/**
 * Judges made digits by what their maker never saw: a LeNet-5 that learns the classes of the training set on its own, the
 * Frechet distance of its features from those of held-out digits, and the nearest pictures of the training set. Closed by
 * whoever made it.
 */
public final class DigitReview implements AutoCloseable {
  /** Sets of so many pictures are compared. */
  public static final int COUNT = 1000;

  /** How many held-out pictures it needs: those compared with, and as many to score real pictures. */
  public static final int HELD = 2 * COUNT;

  private static final int SIZE = Digits.SIDE * Digits.SIDE;
  private static final int CLASSES = 10;
  /** The nearest pictures are looked for of so many. */
  private static final int LOOKED = 100;
  /** How many made pictures are shown beside their nearest. */
  private static final int SHOWN = 20;
  /** A class is among the made ones with this share of them, a fifth of its due. */
  private static final double FOUND = 0.02;

  private final DigitJudge judge;
  private final Moments held;
  private final Moments seen;
  private final float[] train;
  private final double ofReal;
  private final double ofNoise;
  /** The median distance of held-out pictures from their nearest of the training set. */
  private final double apart;

  /**
   * What was found of {@value #COUNT} made pictures.
   *
   * @param sure the share that the judge calls one digit with a probability of at least 0.9
   * @param classes the digits that make up at least a fiftieth of all
   * @param frechet the distance from held-out digits, or during training from those trained on
   */
  public record Found(double sure, int classes, double frechet) {
    /** As measurements of an epoch. */
    public Map<String, Double> metrics() {
      Map<String, Double> all = new LinkedHashMap<>();
      all.put("sure_share", sure);
      all.put("classes", (double) classes);
      all.put("frechet", frechet);
      return all;
    }
  }

  /**
   * Made pictures beside those of the training set.
   *
   * @param copies how many of {@value #LOOKED} lie nearer to a training picture than half of what held-out ones do
   * @param distance the median distance from the nearest
   */
  public record Neighbours(int copies, double distance) {}

  /**
   * Trains the judge.
   *
   * @param train columns {@code image} and {@code label}, at least {@value #COUNT}
   * @param test at least {@value #HELD} others
   */
  public DigitReview(TrainRequest request, Dataset train, Dataset test) throws IOException {
    this.judge = new DigitJudge(request, train);
    this.train = pixels(train);
    float[] all = pixels(test);
    if (all.length < HELD * SIZE) {
      judge.close();
      throw new IllegalArgumentException(all.length / SIZE + " held-out pictures are given, expected " + HELD);
    }
    float[] first = Arrays.copyOf(all, COUNT * SIZE);
    held = moments(first);
    seen = moments(Arrays.copyOf(this.train, COUNT * SIZE));
    ofReal = FrechetDistance.between(moments(Arrays.copyOfRange(all, COUNT * SIZE, HELD * SIZE)), held);
    float[] noise = new float[COUNT * SIZE];
    SplittableRandom random = new SplittableRandom(request.seed());
    for (int i = 0; i < noise.length; i++) {
      noise[i] = (float) random.nextDouble();
    }
    ofNoise = FrechetDistance.between(moments(noise), held);
    double[] distances = NearestPictures.of(Arrays.copyOf(first, LOOKED * SIZE), this.train, SIZE).distance();
    apart = median(distances);
  }

  /** What it compiles. */
  public static List<Step> steps() {
    return DigitJudge.steps();
  }

  public DigitJudge judge() {
    return judge;
  }

  private Moments moments(float[] pixels) {
    return Moments.of(judge.features(pixels), LeNet5.FEATURES);
  }

  private static float[] pixels(Dataset digits) {
    return ((Column.Floats) digits.column("image")).data();
  }

  private static double median(double[] values) {
    double[] sorted = values.clone();
    Arrays.sort(sorted);
    return sorted[sorted.length / 2];
  }

  /**
   * Against held-out digits, at the end.
   *
   * @param pixels [{@value #COUNT}, 28, 28] in 0..1
   */
  public Found review(float[] pixels) {
    return review(pixels, held);
  }

  /** Against digits of the training set, after an epoch. */
  public Found reviewInTraining(float[] pixels) {
    return review(pixels, seen);
  }

  private Found review(float[] pixels, Moments real) {
    float[] p = judge.probabilities(pixels);
    int[] sure = new int[CLASSES];
    int all = 0;
    for (int i = 0; i < p.length; i++) {
      if (p[i] >= 0.9f) {
        sure[i % CLASSES]++;
        all++;
      }
    }
    int classes = (int) Arrays.stream(sure).filter(n -> n >= FOUND * COUNT).count();
    return new Found((double) all / COUNT, classes, FrechetDistance.between(moments(pixels), real));
  }

  /** Looks for the first made pictures in the training set, and writes some beside the nearest: one above the other. */
  public Neighbours neighbours(float[] pixels, Path file) throws IOException {
    NearestPictures nearest = NearestPictures.of(Arrays.copyOf(pixels, LOOKED * SIZE), train, SIZE);
    float[] pairs = new float[2 * SHOWN * SIZE];
    for (int i = 0; i < SHOWN; i++) {
      int row = i / 10 * 2;
      System.arraycopy(pixels, i * SIZE, pairs, (row * 10 + i % 10) * SIZE, SIZE);
      System.arraycopy(train, nearest.index()[i] * SIZE, pairs, ((row + 1) * 10 + i % 10) * SIZE, SIZE);
    }
    PictureGrid.write(file, pairs, Digits.SIDE, 10);
    int copies = (int) Arrays.stream(nearest.distance()).filter(d -> d < apart / 2).count();
    return new Neighbours(copies, median(nearest.distance()));
  }

  /** What was found, for people: one line with the scores of real pictures and of noise. */
  public String line(Found found, Neighbours neighbours) {
    return String.format(
        Locale.ROOT,
        "the judge is sure of %.1f%% of the made digits and finds %d of 10; Frechet distance %.2f (real digits %.2f, noise"
            + " %.0f); %d of %d are copies, the median distance from the training set is %.2f (real digits %.2f)",
        100 * found.sure(), found.classes(), found.frechet(), ofReal, ofNoise, neighbours.copies(), LOOKED,
        neighbours.distance(), apart);
  }

  /** The Frechet distance of noise from held-out digits. */
  public double ofNoise() {
    return ofNoise;
  }

  @Override
  public void close() {
    judge.close();
  }
}
