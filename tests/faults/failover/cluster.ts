import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { chmodSync, chownSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { cleanUpLater } from "../../support/clean-up.ts";
import { freePort } from "../../support/free-port.ts";
import { guardProcess } from "../../support/left-behind.ts";
import { until } from "../../support/load.ts";
import { childrenOf } from "../../support/children.ts";
import { directoryFor, unprivilegedAccount } from "../../support/postgres-program.ts";

/**
 * The cluster of `deploy/cluster/` on one machine: etcd, two PostgreSQL under Patroni, and HAProxy
 * in front.
 */

export interface Member {
  name: string;
  role: string;
  state: string;
}

export interface Cluster {
  /** HAProxy's address, as in DATABASE_URL */
  url: string;
  members(): Promise<Member[]>;
  /** The name of the leading node, once there is a standby in sync with it. */
  inSync(): Promise<string>;
  /** Kills a node's Patroni and PostgreSQL at once (SIGKILL), as if its machine had failed. */
  kill(name: string): Promise<void>;
  /** Starts a node's Patroni. */
  start(name: string): void;
  /** Switches over to the standby, in order. */
  switchOver(leader: string): Promise<void>;
}

const deployed = (file: string) => readFileSync(path.resolve("deploy/cluster", file), "utf8");

export async function startCluster(): Promise<Cluster> {
  const account = unprivilegedAccount();
  const directory = directoryFor(account);
  const own = (name: string) => {
    const made = path.join(directory.path, name);
    mkdirSync(made, { mode: 0o700 });
    if (account.uid !== undefined) chownSync(made, account.uid, account.gid ?? 0);
    return made;
  };
  const processes: { child: ChildProcess; release: () => void }[] = [];
  const run = (program: string, args: string[]): ChildProcess => {
    const child = spawn(program, args, {
      ...account,
      cwd: directory.path,
      env: {
        PATH: `${process.env["PATH"]}:/usr/sbin`,
        HOME: directory.path,
        LC_ALL: "C.UTF-8",
        NODE_ENV: "test",
      },
      stdio: "ignore",
    });
    processes.push({ child, release: guardProcess(child.pid ?? 0) });
    return child;
  };

  const ports: Record<string, number> = {};
  for (const name of ["etcd", "peers", "haproxy", "pg1", "rest1", "pg2", "rest2"]) {
    ports[name] = await freePort();
  }
  const here = (name: string) => `127.0.0.1:${ports[name]}`;
  // Replaces the files' addresses and paths by this machine's.
  const asHere = (text: string) =>
    [
      ["10.0.0.21:2379", here("etcd")],
      ["10.0.0.31:5432", here("haproxy")],
      ["10.0.0.11:5432 check port 8008", `${here("pg1")} check port ${ports["rest1"]}`],
      ["10.0.0.12:5432 check port 8008", `${here("pg2")} check port ${ports["rest2"]}`],
      ["10.0.0.0/24", "127.0.0.1/32"],
    ].reduce((changed, [from = "", to = ""]) => changed.replaceAll(from, to), text);
  const write = (name: string, text: string) => {
    const file = path.join(directory.path, name);
    writeFileSync(file, text);
    chmodSync(file, 0o644);
    return file;
  };
  const sockets = own("sockets");
  const settings = Object.fromEntries(
    ["1", "2"].map((n) => [
      `pg${n}`,
      write(
        `patroni${n}.yml`,
        asHere(deployed("patroni.yml"))
          .replace("name: pg1", `name: pg${n}`)
          .replaceAll("10.0.0.11:8008", here(`rest${n}`))
          .replaceAll("10.0.0.11:5432", here(`pg${n}`))
          .replace("/var/lib/postgresql/numbers", path.join(own(`node${n}`), "data"))
          .replace(
            "/var/lib/postgresql/.pgpass-patroni",
            path.join(directory.path, `node${n}/pass`),
          )
          .replace("/var/run/postgresql", sockets),
      ),
    ]),
  );
  const patroni: Record<string, ChildProcess> = {};
  const postmaster = (name: string): number | undefined => {
    try {
      const file = path.join(directory.path, name.replace("pg", "node"), "data/postmaster.pid");
      return Number(readFileSync(file, "utf8").split("\n")[0]);
    } catch {
      return undefined;
    }
  };
  const killNode = async (name: string) => {
    const pid = postmaster(name);
    const tree = pid === undefined ? [] : [pid, ...(await childrenOf(pid))];
    patroni[name]?.kill("SIGKILL");
    for (const each of tree) {
      try {
        process.kill(each, "SIGKILL");
      } catch {
        // It had already ended.
      }
    }
  };
  cleanUpLater(async () => {
    for (const name of Object.keys(patroni)) await killNode(name);
    for (const { child, release } of processes) {
      const ended = child.exitCode === null && child.signalCode === null && once(child, "exit");
      child.kill("SIGKILL");
      await ended;
      release();
    }
    directory.remove();
  });

  run("etcd", [
    "--data-dir",
    own("etcd"),
    "--enable-v2=true",
    "--log-level=error",
    "--listen-client-urls",
    `http://${here("etcd")}`,
    "--advertise-client-urls",
    `http://${here("etcd")}`,
    "--listen-peer-urls",
    `http://${here("peers")}`,
  ]);
  await until("etcd answers", () =>
    fetch(`http://${here("etcd")}/health`).then(
      ({ ok }) => ok,
      () => false,
    ),
  );
  const cluster: Cluster = {
    url: `postgres://postgres:SUPERUSER_PASSWORD@${here("haproxy")}/postgres`,
    async members() {
      for (const rest of ["rest1", "rest2"]) {
        const answer = await fetch(`http://${here(rest)}/cluster`, {
          signal: AbortSignal.timeout(2_000),
        }).catch(() => undefined);
        if (answer?.ok) return ((await answer.json()) as { members: Member[] }).members;
      }
      return [];
    },
    async inSync() {
      let leader: string | undefined;
      await until(
        "a standby is in sync",
        async () => {
          const members = await cluster.members();
          leader = members.find(({ role }) => role === "leader")?.name;
          return leader !== undefined && members.some(({ role }) => role === "sync_standby");
        },
        60,
      );
      return leader ?? "";
    },
    kill: killNode,
    start(name) {
      patroni[name] = run("patroni", [settings[name] ?? ""]);
    },
    async switchOver(leader) {
      const candidate = leader === "pg1" ? "pg2" : "pg1";
      const answer = await fetch(`http://${here(leader.replace("pg", "rest"))}/switchover`, {
        method: "POST",
        body: JSON.stringify({ leader, candidate }),
      });
      if (!answer.ok) throw new Error(await answer.text());
    },
  };
  cluster.start("pg1");
  await until(
    "the first node leads",
    async () => (await cluster.members()).some(({ role }) => role === "leader"),
    60,
  );
  cluster.start("pg2");
  run("haproxy", ["-db", "-f", write("haproxy.cfg", asHere(deployed("haproxy.cfg")))]);
  await cluster.inSync();
  return cluster;
}
