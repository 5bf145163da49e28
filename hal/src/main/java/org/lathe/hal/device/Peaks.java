package org.lathe.hal.device;

/**
 * What a device reached when measured: the roof of a roofline.
 *
 * @param gflops f32 multiply-adds from registers, two operations each, on all compute units together; in 1e9 a second
 * @param bytesPerSecond of a copy much larger than any cache, bytes read and bytes written counted
 */
public record Peaks(double gflops, double bytesPerSecond) {}
