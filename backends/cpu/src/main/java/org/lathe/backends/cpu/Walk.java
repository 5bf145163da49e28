package org.lathe.backends.cpu;

import org.jspecify.annotations.Nullable;
import org.lathe.hal.profile.HostProfile;

/** One way through the steps of a command buffer. */
final class Walk {
  final ThreadTeam team;
  final TeamRun run;
  /** Whether this run holds the team; alone otherwise. */
  boolean hasTeam;

  @Nullable
  HostProfile profile;

  Walk(ThreadTeam team, TeamRun run) {
    this.team = team;
    this.run = run;
  }
}
