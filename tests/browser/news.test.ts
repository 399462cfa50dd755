import { expect, test } from "vitest";
import { companyWithNumber, open, useCalledSite } from "./called-site.ts";

useCalledSite();

test.each([true, false])(
  "a banner is gone after Back and Forward, as after a reload (JavaScript: %s)",
  async (javaScript) => {
    const company = await companyWithNumber();
    const page = await open(company, "/settings/calls", { javaScript });
    await page.getByRole("button", { name: "Save" }).click();
    const banner = page.getByText("Saved.");
    await banner.waitFor();
    await page.getByRole("link", { name: "Who may not call" }).click();
    await page.getByRole("heading", { name: "Who may not call" }).waitFor();
    await page.goBack();
    await page.getByRole("heading", { name: "Call handling" }).waitFor();
    await banner.waitFor({ state: "detached" });
    await page.goForward();
    await page.getByRole("heading", { name: "Who may not call" }).waitFor();
    expect(await banner.count()).toBe(0);
    await page.goBack();
    await page.reload();
    await page.getByRole("heading", { name: "Call handling" }).waitFor();
    expect(await banner.count()).toBe(0);
  },
);
