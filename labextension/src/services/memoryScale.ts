/**
 * Memory on a logarithmic slider: 128 to 10,240 MB at whole 64 MB, and the share of a CPU that goes with it.
 */
export const MEMORY_MIN = 128;
export const MEMORY_MAX = 10_240;
const STEP = 64;

/** Memory at which Lambda gives one whole CPU. */
const MIB_PER_CPU = 1_769;

export const POSITIONS = 1_000;

export function positionOf(mib: number): number {
  const share =
    Math.log2(mib / MEMORY_MIN) / Math.log2(MEMORY_MAX / MEMORY_MIN);
  return Math.round(share * POSITIONS);
}

export function memoryAt(position: number): number {
  const mib =
    MEMORY_MIN * Math.pow(MEMORY_MAX / MEMORY_MIN, position / POSITIONS);
  return clampMemory(Math.round(mib / STEP) * STEP);
}

/** The next stop in a direction: what an arrow key does. */
export function nextMemory(mib: number, steps: number): number {
  return clampMemory(Math.floor(mib / STEP) * STEP + steps * STEP);
}

export function clampMemory(mib: number): number {
  return Math.min(MEMORY_MAX, Math.max(MEMORY_MIN, Math.round(mib)));
}

export function cpuShare(mib: number): number {
  return mib / MIB_PER_CPU;
}
