package org.lathe.hal.text;

import org.jspecify.annotations.Nullable;

/**
 * Cuts a text into words, quoted strings and punctuation, and hands them out one after the other. White space only
 * separates. Words are names and numbers; {@code ..} is one mark, all others are single characters.
 */
final class Lexer {
  private static final String MARKS = "[](){},;=@#%+";
  private static final int SHOWN = 40;

  enum Kind {
    WORD, STRING, MARK, END
  }

  /** A token; the text of a string is what stands between the quotes, escapes resolved. */
  record Token(Kind kind, String text, int line, int column) {
    private String shown() {
      String part = text.length() > SHOWN ? text.substring(0, SHOWN) + "..." : text;
      return switch (kind) {
        case END -> "the end of the text";
        case STRING -> "the string " + quote(part);
        case WORD, MARK -> "'" + part + "'";
      };
    }
  }

  private final String text;
  private int at;
  private int line = 1;
  private int lineStart;
  private Token next;

  Lexer(String text) {
    this.text = text;
    this.next = scan();
  }

  Token peek() {
    return next;
  }

  Token take() {
    Token token = next;
    if (token.kind() != Kind.END) {
      next = scan();
    }
    return token;
  }

  boolean isNext(String wordOrMark) {
    return (next.kind() == Kind.WORD || next.kind() == Kind.MARK) && next.text().equals(wordOrMark);
  }

  /** Takes the word or mark if it is next. */
  boolean skip(String wordOrMark) {
    if (isNext(wordOrMark)) {
      take();
      return true;
    }
    return false;
  }

  void expect(String wordOrMark) {
    if (!skip(wordOrMark)) {
      throw expected("'" + wordOrMark + "'");
    }
  }

  String word(String what) {
    if (next.kind() != Kind.WORD) {
      throw expected(what);
    }
    return take().text();
  }

  String string(String what) {
    if (next.kind() != Kind.STRING) {
      throw expected(what);
    }
    return take().text();
  }

  long number(String what) {
    if (next.kind() == Kind.WORD) {
      try {
        long value = Long.parseLong(next.text());
        take();
        return value;
      } catch (NumberFormatException e) {
        throw failure(next, "expected " + what + ", found " + next.shown(), e);
      }
    }
    throw expected(what);
  }

  int index(String what) {
    Token token = next;
    long value = number(what);
    if (value < 0 || value > Integer.MAX_VALUE) {
      throw failure(token, "expected " + what + ", found " + token.shown(), null);
    }
    return (int) value;
  }

  double real(String what) {
    if (next.kind() == Kind.WORD) {
      try {
        double value = Double.parseDouble(next.text());
        take();
        return value;
      } catch (NumberFormatException e) {
        throw failure(next, "expected " + what + ", found " + next.shown(), e);
      }
    }
    throw expected(what);
  }

  /** The failure that something else was expected where the next token stands. */
  TextSyntaxException expected(String what) {
    return failure(next, "expected " + what + ", found " + next.shown(), null);
  }

  static TextSyntaxException failure(Token at, String problem, @Nullable Throwable cause) {
    return new TextSyntaxException(at.line(), at.column(), problem, cause);
  }

  private Token scan() {
    while (at < text.length() && Character.isWhitespace(text.charAt(at))) {
      if (text.charAt(at++) == '\n') {
        line++;
        lineStart = at;
      }
    }
    int start = at;
    if (at == text.length()) {
      return token(Kind.END, start, "");
    }
    char c = text.charAt(at);
    if (c == '"') {
      return scanString();
    }
    if (MARKS.indexOf(c) >= 0) {
      at++;
      return token(Kind.MARK, start, String.valueOf(c));
    }
    if (text.startsWith("..", at)) {
      at += 2;
      return token(Kind.MARK, start, "..");
    }
    while (at < text.length() && continuesWord(start, text.charAt(at))) {
      at++;
    }
    if (at == start) {
      throw failure(token(Kind.MARK, start, String.valueOf(c)), "unexpected character " + quote(String.valueOf(c)),
          null);
    }
    return token(Kind.WORD, start, text.substring(start, at));
  }

  /** A minus belongs to a word as its sign, and as the sign of an exponent. */
  private boolean continuesWord(int start, char c) {
    if (c == '-') {
      return at == start || (text.charAt(at - 1) == 'E' && "-0123456789".indexOf(text.charAt(start)) >= 0);
    }
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '.';
  }

  private Token scanString() {
    int start = at++;
    StringBuilder s = new StringBuilder();
    while (at < text.length()) {
      char c = text.charAt(at++);
      if (c == '"') {
        return token(Kind.STRING, start, s.toString());
      }
      if (c == '\n') {
        break;
      }
      s.append(c == '\\' ? escaped(start) : c);
    }
    throw failure(token(Kind.STRING, start, ""), "the string that begins here does not end on its line", null);
  }

  private char escaped(int start) {
    char c = at < text.length() ? text.charAt(at++) : ' ';
    switch (c) {
      case '"', '\\' :
        return c;
      case 'n' :
        return '\n';
      case 'u' :
        if (at + 4 <= text.length()) {
          try {
            char unit = (char) Integer.parseInt(text, at, at + 4, 16);
            at += 4;
            return unit;
          } catch (NumberFormatException e) {
            throw failure(token(Kind.STRING, start, ""), "a bad \\u escape in the string that begins here", e);
          }
        }
        break;
      default :
    }
    throw failure(token(Kind.STRING, start, ""), "a bad escape in the string that begins here", null);
  }

  private Token token(Kind kind, int start, String content) {
    return new Token(kind, content, line, start - lineStart + 1);
  }

  /** {@code s} in quotes. What UTF-8 or a line of text cannot carry is escaped. */
  static String quote(String s) {
    StringBuilder b = new StringBuilder("\"");
    for (int i = 0; i < s.length(); i++) {
      char c = s.charAt(i);
      if (c == '"' || c == '\\') {
        b.append('\\').append(c);
      } else if (c == '\n') {
        b.append("\\n");
      } else if (Character.isHighSurrogate(c) && i + 1 < s.length() && Character.isLowSurrogate(s.charAt(i + 1))) {
        b.append(c).append(s.charAt(++i));
      } else if (Character.isISOControl(c) || Character.isSurrogate(c) || c == '\u2028' || c == '\u2029') {
        b.append(String.format("\\u%04x", (int) c));
      } else {
        b.append(c);
      }
    }
    return b.append('"').toString();
  }
}
