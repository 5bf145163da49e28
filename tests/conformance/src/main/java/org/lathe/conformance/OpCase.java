package org.lathe.conformance;

import java.util.List;
import org.lathe.compiler.ir.Graph;
import org.lathe.compiler.ir.Literal;
import org.lathe.compiler.op.OpDef.Tolerance;

/**
 * One thing to try: a graph, its inputs, and how near its outputs must come.
 *
 * @param op the op that it is about
 * @param name unique: the op, the kind of check, the sample's number and types
 * @param meaning the graph that the oracle interprets, which takes the same inputs; another one than {@code graph} where
 *     two forms of one computation are compared
 * @param length how many values are combined into one, at most
 * @param byScale whether the error is measured against each output's largest magnitude rather than element by element:
 *     for gradients, in which terms cancel
 */
record OpCase(
    String op, String name, Graph graph, Graph meaning, List<Literal> inputs, Tolerance tolerance, long length,
    boolean byScale) {}
