package org.lathe.models.zoo.agents;

import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import javax.imageio.ImageIO;
import org.lathe.models.env.Environment;

/** An episode as a PNG: frames from its first to its last step, in rows. */
final class Film {
  private static final int COLUMNS = 4;
  private static final int MOST = 16;
  private static final int WIDTH = 240;
  private static final int HEIGHT = 150;
  private static final int GAP = 2;

  private final List<BufferedImage> frames = new ArrayList<>();
  private final List<Integer> times = new ArrayList<>();
  private int every = 1;

  /** Films this environment to the end of its episode. */
  Episodes.Watcher of(Environment environment) {
    return new Episodes.Watcher() {
      private boolean over;

      @Override
      public void look(int step, boolean ended) {
        if (!over) {
          take(environment, step, ended);
          over = ended;
        }
      }
    };
  }

  /** Takes a picture; of a long episode only every so many are kept, and the last. */
  private void take(Environment environment, int time, boolean last) {
    if (time % every != 0 && !last) {
      return;
    }
    if (frames.size() == MOST) {
      for (int i = frames.size() - 1; i > 0; i--) {
        if (times.get(i) % (2 * every) != 0) {
          frames.remove(i);
          times.remove(i);
        }
      }
      every *= 2;
      if (time % every != 0 && !last) {
        return;
      }
    }
    BufferedImage frame = new BufferedImage(WIDTH, HEIGHT, BufferedImage.TYPE_INT_RGB);
    Graphics2D g = frame.createGraphics();
    g.setColor(Color.WHITE);
    g.fillRect(0, 0, WIDTH, HEIGHT);
    environment.draw(g, WIDTH, HEIGHT);
    g.setColor(Color.GRAY);
    g.drawString("step " + time, WIDTH - 70, HEIGHT - 6);
    g.dispose();
    frames.add(frame);
    times.add(time);
  }

  void write(Path file) throws IOException {
    int rows = (frames.size() + COLUMNS - 1) / COLUMNS;
    BufferedImage image = new BufferedImage(
        COLUMNS * (WIDTH + GAP) - GAP, rows * (HEIGHT + GAP) - GAP, BufferedImage.TYPE_INT_RGB);
    Graphics2D g = image.createGraphics();
    g.setColor(Color.WHITE);
    g.fillRect(0, 0, image.getWidth(), image.getHeight());
    for (int i = 0; i < frames.size(); i++) {
      g.drawImage(frames.get(i), i % COLUMNS * (WIDTH + GAP), i / COLUMNS * (HEIGHT + GAP), null);
    }
    g.dispose();
    if (!ImageIO.write(image, "png", file.toFile())) {
      throw new IOException(file + ": this Java writes no PNG");
    }
  }
}
