package org.lathe.backends.simt.program;

import org.lathe.backends.simt.program.RecordedStep.Dispatch;
import org.lathe.backends.simt.program.RecordedStep.Runner;
import org.lathe.hal.profile.HostProfile;

/** Takes the times of dispatches that have ended when they return. */
public record TimedRunner<L>(Runner<L> to, HostProfile profile) implements Runner<L> {
  @Override
  public void run(Dispatch<L> dispatch) {
    profile.begin();
    to.run(dispatch);
    profile.end(dispatch.number(), dispatch.origin());
  }

  @Override
  public boolean read(int buffer, long offset) {
    return to.read(buffer, offset);
  }
}
