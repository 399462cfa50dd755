import { expect, test } from "vitest";
import { csvLine } from "#app/http/csv.ts";
import { shownCaller, shownSeconds } from "#app/http/shown-call.server.ts";

test.each([
  ["+353871112222", "+353 87 111 2222"],
  ["+999123456789012", "+999123456789012"],
  ["", "Number withheld"],
  ["Restricted", "Number withheld"],
  ["+266696687", "Number withheld"],
  ["+7378742833", "Number withheld"],
  ["+2562533", "Number withheld"],
  ["+8656696", "Number withheld"],
  ["+86282452253", "Number withheld"],
  ["sip:+266696687@pstn.example.com", "Number withheld"],
  ["sip:anonymous@anonymous.invalid", "Number withheld"],
  ["sip:private-office@example.com", "sip:private-office@example.com"],
  ["sip:\u202Ea\u0007@x.ie", "sip: a @x.ie"],
  ["sip:" + "a".repeat(200), "sip:" + "a".repeat(75) + "…"],
])("a caller %j reads %j", (from, shown) => {
  expect(shownCaller(from)).toBe(shown);
});

test.each([
  [0, "0 s"],
  [59, "59 s"],
  [60, "1 min"],
  [65, "1 min 5 s"],
  [3600, "1 h"],
  [36_610, "10 h 10 min 10 s"],
])("%d seconds read %s", (seconds, shown) => {
  expect(shownSeconds(seconds)).toBe(shown);
});

test.each([
  ["plain", "plain"],
  ["a,b", '"a,b"'],
  ['say "no"', '"say ""no"""'],
  ["two\r\nlines", '"two\r\nlines"'],
  ["=1+1", "'=1+1"],
  ["\r=1", `"'\r'=1"`],
  ["＝1+1", "'＝1+1"],
  ["+353 87 111 2222", "+353 87 111 2222"],
  ["+353871112222", "+353871112222"],
  ["+353 87+1", "'+353 87+1"],
  ["-1", "'-1"],
  ["@SUM(A1)", "'@SUM(A1)"],
  ["x;=1+2;y", `"x;'=1+2;y"`],
  ['x";=1+2;y', `"x"";'=1+2;y"`],
  ["x; =1+2", `"x;' =1+2"`],
  ["x;+353 87", `"x;'+353 87"`],
  ["x\t-1", `"x\t'-1"`],
  ["\t=1", `"'\t'=1"`],
  ["  =1", "'  =1"],
  ["x;y", '"x;y"'],
  ["+353 87 111 2222;=1", `"'+353 87 111 2222;'=1"`],
])("a cell of %j is %j", (text, cell) => {
  expect(csvLine([text, null, 7])).toBe(`${cell},,7\r\n`);
});
