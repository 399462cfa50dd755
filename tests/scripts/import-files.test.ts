import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { beforeAll, describe, expect, inject, test } from "vitest";
import { numbersIn, readNumber, type Given, type Layout } from "../../scripts/import/numbers.ts";
import { openSource } from "../../scripts/import/text.ts";

let directory: string;
beforeAll(() => {
  directory = path.join(inject("runDirectory"), "import-files");
  mkdirSync(directory, { recursive: true });
});

let made = 0;
function fileOf(content: string | Buffer): string {
  const file = path.join(directory, `${++made}.csv`);
  writeFileSync(file, content);
  return file;
}

/** What a file gives, and the error that it ends with. */
async function read(content: string | Buffer) {
  const given: Given[] = [];
  let layout: Layout | undefined;
  let error: string | undefined;
  const signal = new AbortController().signal;
  try {
    const source = await openSource(fileOf(content), signal);
    for await (const some of numbersIn(source, (found) => (layout = found))) given.push(...some);
  } catch (thrown) {
    error = (thrown as Error).message.replaceAll(/\/\S*\//g, "");
  }
  return { given, layout, error };
}

/** Each as `line: number`, or what is wrong with it. */
async function numbersOf(content: string | Buffer): Promise<string[]> {
  const { given, error } = await read(content);
  const results = given.map(({ line, text, refused }) => {
    const number = readNumber(text);
    return `${line}: ${refused ?? (number.ok ? number.phoneNumber : number.reason)}`;
  });
  return error === undefined ? results : [...results, error];
}

const two = ["+353861234567", "+442079460123"];
const utf16 = (text: string, order: "le" | "be") => {
  const bytes = Buffer.from(text, "utf16le");
  return order === "le" ? bytes : bytes.swap16();
};

describe("a list is read", () => {
  test.each<[string, string | Buffer]>([
    ["with LF", two.join("\n")],
    ["with CRLF", `${two.join("\r\n")}\r\n`],
    ["with CR", two.join("\r")],
    ["with a byte-order mark", `\uFEFF${two.join("\n")}\n`],
    ["in UTF-16, little end first", utf16(`\uFEFF${two.join("\r\n")}`, "le")],
    ["in UTF-16, big end first", utf16(`\uFEFF${two.join("\r\n")}`, "be")],
    ["in UTF-16 without a mark", utf16(two.join("\n"), "le")],
    ["under a heading", `Phone Number\n${two.join("\n")}\n`],
    ["in quotes", `"${two[0]}"\n"${two[1]}"\n`],
  ])("%s", async (what, content) => {
    const first = what === "under a heading" ? 2 : 1;
    expect(await numbersOf(content)).toEqual([`${first}: ${two[0]}`, `${first + 1}: ${two[1]}`]);
  });

  test("with comments, blank lines, and a comma in a comment", async () => {
    expect(
      await numbersOf(`# ours, all of them\n\n${two[0]} # Ann, mobile\n   \n${two[1]}\n`),
    ).toEqual([`3: ${two[0]}`, `5: ${two[1]}`]);
  });

  test("and its lines stay apart, in whatever pieces it arrives", async () => {
    const lines = Array.from({ length: 30_000 }, (_, i) => `+35386${String(i).padStart(7, "0")}`);
    const given = await numbersOf(lines.join("\r\n"));
    expect(given).toHaveLength(30_000);
    expect(given.at(-1)).toBe(`30000: ${lines.at(-1)}`);
  });
});

describe("a table is read", () => {
  test.each([",", ";", "\t"])("with %j between its columns", async (delimiter) => {
    const rows = [
      ["Name", "PHONE_number", "Note"],
      ["Ann", two[0], "+353861111111"],
      [`"Bell${delimiter} Son"`, `"${two[1]}"`, '"two\r\nlines"'],
      ["Cid", "", ""],
      ["Dan", "+353861111112"],
    ];
    const content = rows.map((row) => row.join(delimiter)).join("\r\n");
    expect(await numbersOf(content)).toEqual([
      `2: ${two[0]}`,
      `3: ${two[1]}`,
      "5: is empty",
      "6: +353861111112",
    ]);
    expect((await read(content)).layout).toEqual({ isTable: true, header: rows[0] });
  });

  test("by its only column with numbers, whatever its name, if any", async () => {
    expect(await numbersOf(`Id,Téléphone\n1,${two[0]}\n2,${two[1]}\n`)).toEqual([
      `2: ${two[0]}`,
      `3: ${two[1]}`,
    ]);
    expect(await numbersOf(`1,${two[0]}\n2,${two[1]}\n`)).toEqual([`1: ${two[0]}`, `2: ${two[1]}`]);
  });

  test("even if spreadsheets have altered it", async () => {
    expect(
      await numbersOf(
        [
          "Name;Number",
          `Ann;="${two[0]}"`,
          `Bob;"=""${two[1]}"""`,
          "Cid;'+353861111111",
          "Dan;3,53861E+11",
          "Eve;353861111112",
          "Fay;0861111113",
        ].join("\n"),
      ),
    ).toEqual([
      `2: ${two[0]}`,
      `3: ${two[1]}`,
      "4: +353861111111",
      "5: has lost digits in a spreadsheet; format the column as text there, and export it again",
      "6: needs a + before its country code (+353861111112)",
      "7: needs its country code, like +353 86 123 4567",
    ]);
  });

  test("but not if it is unclear which column is meant", async () => {
    expect(await numbersOf(`${two[0]},${two[1]}\n`)).toEqual([
      expect.stringMatching(
        /^Columns 1 and 2 of \d+\.csv hold numbers\. Call the one that is meant phone_number/,
      ),
    ]);
    expect(await numbersOf("a,b\nc,d\n")).toEqual([
      expect.stringMatching(/^No column of \d+\.csv holds phone numbers\./),
    ]);
    expect(await numbersOf("phone_number,Phone Number\n1,2\n")).toEqual([
      expect.stringMatching(/has 2 columns called phone_number; leave one\./),
    ]);
  });

  test("and a second number further down the table is not silently ignored", async () => {
    const rows = Array.from({ length: 300 }, (_, i) => `x,+35386${1_000_000 + i}`);
    const given = await numbersOf([...rows, `${two[0]},${two[1]}`].join("\n"));
    expect(given.at(-1)).toBe(
      "301: stands beside another number; call the column that is meant phone_number",
    );
  });
});

describe("what is not a list of numbers is reported in one line", () => {
  test("a quote that never ends: everything before it is read", async () => {
    expect(await numbersOf(`a,${two[0]}\nb,"+3538611\nc,${two[1]}\n`)).toEqual([
      `1: ${two[0]}`,
      expect.stringMatching(
        /^Line 2 of \d+\.csv begins a quote that never ends; nothing from there on was read\.$/,
      ),
    ]);
    const long = `a,${two[0]}\nb,"+3538611\n${`c,${two[1]}\n`.repeat(10_000)}`;
    expect(await numbersOf(long)).toEqual([
      `1: ${two[0]}`,
      expect.stringMatching(/^Line 2 of .* or begins a quote that never ends; nothing/),
    ]);
  });

  test("a line of 10 MB", async () => {
    expect(await numbersOf(`${two[0]}\n${"+353".padEnd(10_000_000, "1")}\n${two[1]}\n`)).toEqual([
      `1: ${two[0]}`,
      expect.stringMatching(/^Line 2 of \d+\.csv is longer than 65536 characters/),
    ]);
  });

  test("a NUL is not part of a number", async () => {
    expect(await numbersOf(`+35386\u00001234567\n${two[1]}\n`)).toEqual([
      "1: is not a phone number in international format, like +353 86 123 4567",
      `2: ${two[1]}`,
    ]);
  });

  test.each([
    ["PK\u0003\u0004", "is a spreadsheet or an archive: save it as CSV, and give that."],
    ["%PDF-1.7", "is a PDF: give a text file or a CSV."],
    [Buffer.from([0x1f, 0x8b, 8, 0, 0]), "is compressed: unpack it, and give what was in it."],
  ])("%j", async (content, says) => {
    expect((await read(content)).error).toContain(says);
  });

  test("a directory, and a missing file", async () => {
    const { signal } = new AbortController();
    await expect(openSource(directory, signal)).rejects.toThrow(
      `${directory} cannot be read: it is a directory.`,
    );
    await expect(openSource(`${directory}/none`, signal)).rejects.toThrow("there is no such file");
  });
});
