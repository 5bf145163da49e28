package org.lathe.backends.simt.bytecode;

import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassModel;
import java.lang.classfile.CodeElement;
import java.lang.classfile.CodeModel;
import java.lang.classfile.FieldModel;
import java.lang.classfile.Instruction;
import java.lang.classfile.Label;
import java.lang.classfile.MethodModel;
import java.lang.classfile.attribute.CodeAttribute;
import java.lang.classfile.instruction.BranchInstruction;
import java.lang.classfile.instruction.ConstantInstruction;
import java.lang.classfile.instruction.FieldInstruction;
import java.lang.classfile.instruction.IncrementInstruction;
import java.lang.classfile.instruction.InvokeInstruction;
import java.lang.classfile.instruction.LabelTarget;
import java.lang.classfile.instruction.LoadInstruction;
import java.lang.classfile.instruction.LocalVariable;
import java.lang.classfile.instruction.NewPrimitiveArrayInstruction;
import java.lang.classfile.instruction.StoreInstruction;
import java.lang.classfile.instruction.TypeCheckInstruction;
import java.lang.constant.ClassDesc;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;

/** A class file as text. */
final class Listing {
  private final StringBuilder out = new StringBuilder();
  private final Map<Label, Integer> labels = new HashMap<>();
  private final Map<Integer, String> variables = new HashMap<>();

  private Listing() {}

  static String of(byte[] bytes) {
    Listing listing = new Listing();
    listing.print(ClassFile.of().parse(bytes));
    return listing.out.toString();
  }

  private void print(ClassModel c) {
    out.append("class ").append(c.thisClass().asSymbol().displayName()).append(" extends ")
        .append(c.superclass().map(s -> s.asSymbol().displayName()).orElse("nothing")).append('\n');
    for (FieldModel f : c.fields()) {
      out.append("  ").append(f.fieldTypeSymbol().displayName()).append(' ').append(f.fieldName()).append('\n');
    }
    for (MethodModel m : c.methods()) {
      out.append("  ").append(m.methodTypeSymbol().returnType().displayName()).append(' ').append(m.methodName())
          .append('(').append(m.methodTypeSymbol().parameterList().stream().map(ClassDesc::displayName)
              .collect(Collectors.joining(", ")))
          .append(")\n");
      m.code().ifPresent(this::print);
    }
  }

  private void print(CodeModel code) {
    labels.clear();
    variables.clear();
    for (CodeElement e : code) {
      if (e instanceof LocalVariable v) {
        variables.put(v.slot(), v.name().stringValue());
      }
    }
    CodeAttribute attribute = (CodeAttribute) code;
    for (CodeElement e : code) {
      if (e instanceof BranchInstruction b) {
        labels.put(b.target(), attribute.labelToBci(b.target()));
      }
    }
    int at = 0;
    for (CodeElement e : code) {
      if (e instanceof LabelTarget l && labels.containsKey(l.label())) {
        out.append("   ").append(at).append(":\n");
      } else if (e instanceof Instruction i) {
        out.append("      ").append(text(i)).append('\n');
        at += i.sizeInBytes();
      }
    }
  }

  private String variable(int slot) {
    return variables.getOrDefault(slot, slot == 0 ? "this" : "slot " + slot);
  }

  private String text(Instruction i) {
    String name = i.opcode().name().toLowerCase(Locale.ROOT);
    return switch (i) {
      case LoadInstruction l -> l.typeKind().name().charAt(0) == 'R'
          ? "aload " + variable(l.slot())
          : l.typeKind().name().toLowerCase(Locale.ROOT).charAt(0) + "load " + variable(l.slot());
      case StoreInstruction s -> s.typeKind().name().charAt(0) == 'R'
          ? "astore " + variable(s.slot())
          : s.typeKind().name().toLowerCase(Locale.ROOT).charAt(0) + "store " + variable(s.slot());
      case IncrementInstruction n -> "iinc " + variable(n.slot()) + " " + n.constant();
      case ConstantInstruction c -> "push " + c.constantValue();
      case FieldInstruction f -> name + " " + f.name();
      case InvokeInstruction v -> name + " " + v.owner().asSymbol().displayName() + "." + v.name() + v.type();
      case BranchInstruction b -> name + " " + labels.get(b.target());
      case NewPrimitiveArrayInstruction n -> "newarray " + n.typeKind().name().toLowerCase(Locale.ROOT);
      case TypeCheckInstruction t -> name + " " + t.type().asSymbol().displayName();
      default -> name;
    };
  }
}
