import { randomBytes } from "node:crypto";
import type { DFApp } from "durable-functions-ts";
import { createTestHub } from "durable-functions-ts/testing";
import { expect, it } from "vitest";
import { loadPage } from "./load-page.ts";

process.env["PAYLOAD_KEY"] = randomBytes(32).toString("base64");
const { app } = (await loadPage("docs/encryption.md"))["page.ts"] as { readonly app: DFApp };

it("what is stored is encrypted, and comes back as it was", async () => {
  app.orchestration("echo", (_context, text: string) => text);
  const run = await createTestHub(app).start("echo", "a secret");

  expect(await run.result()).toBe("a secret");
  const stored = JSON.stringify(await run.history());
  expect(stored).toContain("durable-aes256gcm.1.2026-11.");
  expect(stored).not.toContain("a secret");
});
