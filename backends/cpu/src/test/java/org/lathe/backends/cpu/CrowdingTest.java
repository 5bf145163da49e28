package org.lathe.backends.cpu;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class CrowdingTest {
  private static final long MILLI = 1_000_000;

  @Test
  void muchWaitingMeansAloneForAWhile() throws InterruptedException {
    Crowding crowding = new Crowding();
    assertFalse(crowding.isCrowded());
    for (int i = 0; i < 20; i++) {
      crowding.note(MILLI, MILLI * 9 / 10);
    }
    assertTrue(crowding.isCrowded());
    Thread.sleep(150);
    assertFalse(crowding.isCrowded());
  }

  @Test
  void oneLostTimeSliceIsNot() {
    Crowding crowding = new Crowding();
    for (int i = 0; i < 100; i++) {
      boolean lost = i % 16 == 3;
      crowding.note(lost ? 6 * MILLI : MILLI, lost ? 5 * MILLI : 0);
      assertFalse(crowding.isCrowded(), "after run " + i);
    }
  }

  @Test
  void unevenWorkIsNotCrowding() {
    Crowding crowding = new Crowding();
    for (int i = 0; i < 100; i++) {
      crowding.note(MILLI, MILLI / 2);
    }
    assertFalse(crowding.isCrowded());
  }
}
