import type { Client } from "./client.ts";
import { until } from "./load.ts";

export const streamPath = "/dashboard/ring-test";

/** The ring test's event stream, as a program reads it. */
export interface Stream {
  status: number;
  headers: Headers;
  /** Reads until `text` has come. */
  says(text: string): Promise<void>;
  /** Reads to the end. */
  ends(): Promise<string>;
  close(): Promise<void>;
}

export async function openStream({ client }: { client: Client }): Promise<Stream> {
  const gone = new AbortController();
  const answer = await client.fetch(streamPath, { signal: gone.signal });
  const reader = answer.body!.getReader();
  let read = "";
  let over = false;
  const reading = (async () => {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      read += new TextDecoder().decode(value);
    }
    over = true;
  })().catch(() => {});
  return {
    status: answer.status,
    headers: answer.headers,
    says: (text) => until(text, () => read.includes(text)),
    async ends() {
      await until("the end of the stream", () => over);
      return read;
    },
    async close() {
      gone.abort();
      await reading;
    },
  };
}
