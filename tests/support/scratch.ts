import { accessSync, constants, mkdtempSync, rmSync, statfsSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { guardDirectory } from "./left-behind.ts";

const roomy = 2 * 1024 ** 3;

export interface ScratchDirectory {
  path: string;
  remove(): void;
}

/** Makes a temporary directory that goes, at the latest, when this process does. */
export function scratchDirectory(prefix: string, base = tmpdir()): ScratchDirectory {
  const directory = mkdtempSync(path.join(base, prefix));
  const release = guardDirectory(directory);
  return {
    path: directory,
    remove() {
      rmSync(directory, { recursive: true, force: true, maxRetries: 20 });
      release();
    },
  };
}

/**
 * The directory for data that need not outlive the run: in memory (Linux's `/dev/shm`) if there is room for it, since
 * a slow disk makes a new PostgreSQL database ten times as dear, or else the temporary directory.
 */
export function memoryDirectory(): string {
  try {
    const { bavail, bsize } = statfsSync("/dev/shm");
    accessSync("/dev/shm", constants.W_OK);
    if (bavail * bsize >= roomy) return "/dev/shm";
  } catch {
    // Not Linux, or not for us.
  }
  return tmpdir();
}
