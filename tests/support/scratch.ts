import { accessSync, constants, mkdtempSync, rmSync, statfsSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { guardDirectory } from "./left-behind.ts";

const roomy = 2 * 1024 ** 3;

export interface ScratchDirectory {
  path: string;
  remove(): void;
}

/** Makes a temporary directory that is removed when this process ends, at the latest. */
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
 * The directory for data that need not outlive the run: in memory (Linux's `/dev/shm`) if there is
 * room, since a new PostgreSQL database takes ten times as long on a slow disk; otherwise the
 * temporary directory.
 */
export function memoryDirectory(): string {
  try {
    const { bavail, bsize } = statfsSync("/dev/shm");
    accessSync("/dev/shm", constants.W_OK);
    if (bavail * bsize >= roomy) return "/dev/shm";
  } catch {
    // Not Linux, or not accessible.
  }
  return tmpdir();
}
