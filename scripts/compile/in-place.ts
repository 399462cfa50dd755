import { mkdirSync, readdirSync, renameSync, rmSync } from "node:fs";
import path from "node:path";

/** A build is made beside the previous one, and takes its place when it is complete. */

const unfinished = ".unfinished-";

/** The folder below `build/` in which this process makes a build. */
export const unfinishedBuild = `build/${unfinished}${process.pid}`;

/**
 * Puts a complete build in the previous one's place. Anybody who looks meanwhile finds one of the
 * two, except for microseconds: anything slower, such as deleting the old one, is done in `made`,
 * which is gone afterwards.
 * @param made folder of the new build, on the same disk
 * @param place folder of the old one, if there is one; names with a dot in it are left alone
 * @param last file or folder that is added last and removed first, since without it nobody takes
 * `place` for a build
 */
export function putInPlace(made: string, place: string, last: string): void {
  const before = path.join(made, ".before");
  mkdirSync(before);
  const entries = (folder: string) => readdirSync(folder).filter((name) => !name.startsWith("."));
  const names = new Set([last, ...entries(made), ...entries(place)]);
  const clear = (name: string) =>
    moved(path.join(place, name), path.join(before, `${name}-${readdirSync(before).length}`));
  clear(last);
  names.delete(last);
  for (const name of [...names, last]) {
    // Another build may be put in place at the same time.
    do clear(name);
    while (!moved(path.join(made, name), path.join(place, name)));
  }
  rmSync(made, { recursive: true });
}

/** Deletes what killed builds have left below `place`. */
export function clearAbandoned(place: string): void {
  for (const name of readdirSync(place)) {
    const pid = name.startsWith(unfinished) && Number(name.slice(unfinished.length));
    if (pid && !isAlive(pid)) rmSync(path.join(place, name), { recursive: true, force: true });
  }
}

/** @returns whether `to` was free; a missing file is not moved */
function moved(from: string, to: string): boolean {
  try {
    renameSync(from, to);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") return true;
    if (code === "ENOTEMPTY" || code === "EEXIST") return false;
    throw error;
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
