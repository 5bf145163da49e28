package org.lathe.backends.cpu;

import org.jspecify.annotations.Nullable;

/** One way through the steps of a command buffer. */
final class Walk {
  final ThreadTeam team;
  final TeamRun run;
  /** Whether this run holds the team; alone otherwise. */
  boolean hasTeam;

  @Nullable
  Profile profile;

  Walk(ThreadTeam team, TeamRun run) {
    this.team = team;
    this.run = run;
  }
}
