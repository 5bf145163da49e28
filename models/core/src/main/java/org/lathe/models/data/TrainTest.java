package org.lathe.models.data;

/** A training set and the test set that goes with it. */
public record TrainTest(Dataset train, Dataset test) {}
