import { expect } from "vitest";
import { runScript, type ScriptRun } from "./script.ts";
import type { TwilioApi } from "./twilio-api.ts";

/** PUBLIC_URL of the installations on which the operators' scripts are tested. */
export const publicUrl = "https://numbers.example.com";

/** Twilio's settings of a number whose calls come to {@link publicUrl}. */
export const pointedHere = {
  voice_url: `${publicUrl}/twilio/voice`,
  voice_method: "POST",
  voice_fallback_url: `${publicUrl}/twilio/voice/fallback`,
  voice_fallback_method: "POST",
  status_callback: `${publicUrl}/twilio/voice/status`,
  status_callback_method: "POST",
};

/** Twilio's settings of a number that takes no calls. */
export const smsOnly = {
  capabilities: { voice: false, sms: true, mms: true, fax: false },
};

/** The scripts of a complete installation; whatever they print is searched for its secrets. */
export class Operator {
  constructor(
    readonly api: TwilioApi,
    readonly databaseUrl: string,
  ) {}

  /** Runs a script; `env` replaces variables of the installation, "" removes one. */
  async run(
    script: "doctor" | "sync-twilio-numbers",
    args: string[] = [],
    env: Record<string, string> = {},
  ): Promise<ScriptRun> {
    const ran = await runScript(script, args, {
      env: {
        DATABASE_URL: this.databaseUrl,
        PUBLIC_URL: publicUrl,
        ...this.api.environment,
        ...env,
      },
    });
    const password = this.databaseUrl.startsWith("sqlite:")
      ? ""
      : new URL(this.databaseUrl).password;
    const secrets = [this.api.authToken, password];
    for (const secret of secrets.filter(Boolean)) {
      expect(ran.stdout + ran.stderr).not.toContain(secret);
    }
    return ran;
  }

  /**
   * What `doctor --json` says, leaving out what is only due to a test's PostgreSQL, which need not
   * be durable.
   */
  async examine(args: string[] = [], env: Record<string, string> = {}): Promise<Examination> {
    const { exitCode, stdout } = await this.run("doctor", [...args, "--json"], env);
    const report = JSON.parse(stdout) as Omit<Examination, "exitCode">;
    const findings = report.findings.filter(({ code }) => !/^postgres-.*-off$/.test(code));
    return { ...report, findings, exitCode };
  }
}

/** `doctor --json`'s document, and the exit code. */
export interface Examination {
  healthy: boolean;
  findings: { code: string; finding: string; mend: string }[];
  repaired: { code: string; finding: string; repair: string }[];
  exitCode: number | null;
}

/** The codes of an examination's findings. */
export const codes = ({ findings }: Examination) => findings.map(({ code }) => code);
