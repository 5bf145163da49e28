package org.lathe.backends.cpu;

import java.util.ArrayList;
import java.util.List;
import org.lathe.hal.Dims;
import org.lathe.hal.spec.Contraction;

/**
 * A contraction with as few batch dimensions as possible: where b does not change along the innermost ones and a's rows
 * go on from one to the next, they become rows. All strides are in elements.
 */
final class ProductShape {
  final long m;
  final long n;
  final long k;
  /** The number of products. */
  final long products;

  final long aRow;
  final long aStep;
  final long bStep;
  final long bColumn;
  /** What one row is made of: the sizes of the batch dimensions that became rows, then the spec's own rows. */
  final long[] rowSizes;

  private final long[] batchSizes;
  private final long[] aBatch;
  private final long[] bBatch;
  private final long aOffset;
  private final long bOffset;

  ProductShape(Contraction spec) {
    int rank = spec.batch().rank();
    Dims a = spec.a().strides();
    Dims b = spec.b().strides();
    this.n = spec.n();
    this.k = spec.k();
    this.aStep = a.last(0);
    this.bStep = b.last(1);
    this.bColumn = b.last(0);
    this.aOffset = spec.a().offset();
    this.bOffset = spec.b().offset();
    long rows = spec.m();
    long row = a.last(1);
    List<Long> sizes = new ArrayList<>(List.of(rows));
    int kept = rank;
    while (kept > 0) {
      long size = spec.batch().get(kept - 1);
      boolean sameRight = size == 1 || b.get(kept - 1) == 0;
      boolean goesOn = size == 1 || rows == 1 || a.get(kept - 1) == row * rows;
      if (!sameRight || !goesOn) {
        break;
      }
      row = rows == 1 && size > 1 ? a.get(kept - 1) : row;
      rows *= size;
      sizes.addFirst(size);
      kept--;
    }
    this.m = rows;
    this.aRow = row;
    this.rowSizes = sizes.stream().mapToLong(Long::longValue).toArray();
    this.batchSizes = spec.batch().slice(0, kept).toArray();
    this.aBatch = a.slice(0, kept).toArray();
    this.bBatch = b.slice(0, kept).toArray();
    this.products = spec.batch().slice(0, kept).product();
  }

  /** How many batch dimensions are left. */
  int batchRank() {
    return batchSizes.length;
  }

  /** Whether all products have the same left factor. */
  boolean oneLeft() {
    for (int d = 0; d < aBatch.length; d++) {
      if (batchSizes[d] != 1 && aBatch[d] != 0) {
        return false;
      }
    }
    return true;
  }

  /** Writes the batch index of {@code product} to {@code index[0 ... batchRank)}. */
  void batchIndex(long product, long[] index) {
    for (int d = batchSizes.length - 1; d >= 0; d--) {
      index[d] = product % batchSizes[d];
      product /= batchSizes[d];
    }
  }

  /** Writes the index of {@code row} behind the batch index. */
  void rowIndex(long row, long[] index) {
    int at = batchSizes.length;
    for (int d = rowSizes.length - 1; d > 0; d--) {
      index[at + d] = row % rowSizes[d];
      row /= rowSizes[d];
    }
    index[at] = row;
  }

  /** Where the left factor of {@code product} begins. */
  long left(long product) {
    return offset(aOffset, aBatch, product);
  }

  /** Where the right factor of {@code product} begins. */
  long right(long product) {
    return offset(bOffset, bBatch, product);
  }

  private long offset(long at, long[] strides, long product) {
    for (int d = batchSizes.length - 1; d >= 0; d--) {
      at += product % batchSizes[d] * strides[d];
      product /= batchSizes[d];
    }
    return at;
  }
}
