package org.lathe.backends.simt.program;

import java.util.ArrayList;
import java.util.List;
import java.util.function.IntFunction;
import java.util.function.LongFunction;
import org.lathe.hal.device.Buffer;
import org.lathe.hal.device.BufferSlice;
import org.lathe.hal.program.BufferDecl;
import org.lathe.hal.program.Program;
import org.lathe.hal.program.Role;

/** What each of a program's buffers is bound to. One thread at a time. */
public final class Bounds<B extends Buffer> {
  private final Program program;
  private final Class<B> type;
  private final List<Bound<B>> all;

  private Bounds(Program program, Class<B> type, List<Bound<B>> all) {
    this.program = program;
    this.type = type;
    this.all = List.copyOf(all);
  }

  /**
   * @param type of all buffers; what is bound was checked to be of it
   * @param constant the memory of the program's buffer of that number
   * @param temporary makes memory of so many bytes
   */
  public static <B extends Buffer> Bounds<B> of(
      Program program, Class<B> type, List<BufferSlice> bindings, IntFunction<B> constant,
      LongFunction<B> temporary) {
    List<Bound<B>> all = new ArrayList<>();
    int next = 0;
    for (int i = 0; i < program.buffers().size(); i++) {
      BufferDecl declaration = program.buffers().get(i);
      if (declaration.role().isBound()) {
        BufferSlice slice = bindings.get(next++);
        all.add(new Bound<>(type.cast(slice.buffer()), slice.offset()));
      } else if (declaration.role() == Role.CONSTANT) {
        all.add(new Bound<>(constant.apply(i), 0));
      } else {
        all.add(new Bound<>(temporary.apply(declaration.bytes()), 0));
      }
    }
    return new Bounds<>(program, type, all);
  }

  /** What the program's buffer of that number is bound to. */
  public Bound<B> get(int buffer) {
    return all.get(buffer);
  }

  /** Takes other memory for what callers bind. */
  public void rebind(List<BufferSlice> bindings) {
    int next = 0;
    for (int i = 0; i < all.size(); i++) {
      if (program.buffers().get(i).role().isBound()) {
        BufferSlice slice = bindings.get(next++);
        all.get(i).move(type.cast(slice.buffer()), slice.offset());
      }
    }
  }

  /** As it is now, to return to with {@link #moveTo}. */
  public Bounds<B> copy() {
    return new Bounds<>(program, type, all.stream().map(Bound::copy).toList());
  }

  /** Takes the memory of another's buffers. */
  public void moveTo(Bounds<B> other) {
    for (int i = 0; i < all.size(); i++) {
      all.get(i).move(other.get(i).buffer(), other.get(i).offset());
    }
  }
}
