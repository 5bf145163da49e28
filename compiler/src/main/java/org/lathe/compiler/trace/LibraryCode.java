package org.lathe.compiler.trace;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * Marks a package of layers or other building blocks: while a model is traced, its nodes carry the line that called into
 * such a package, not the line inside of it.
 */
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.PACKAGE)
public @interface LibraryCode {}
