package org.lathe.models.zoo.model;

/**
 * A request asks for what the model does not have or take: data of another kind, too little of it, a wrong count. The
 * message is one line: what was asked, what was found, what to do.
 */
public final class RequestException extends IllegalArgumentException {
  private static final long serialVersionUID = 1;

  public RequestException(String message) {
    super(message);
  }
}
