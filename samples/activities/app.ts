// What an activity may be: plain or asynchronous, with any JSON value in and out.
//
//   curl -X POST localhost:7071/api/orchestrators/describePage -d '"https://example.com/"'

import { DFApp } from "durable-functions-ts";

interface ReportRequest {
  readonly url: string;
  readonly words: readonly string[];
}

interface Report {
  readonly status: "completed";
  readonly url: string;
  readonly count: number;
  readonly longest: string;
}

const app = new DFApp();

/** Activities do what orchestrators must not: here a request to another server, given up when the host stops. */
const fetchPage = app.activity("fetchPage", async (url: string, { signal }) => {
  const response = await fetch(url, { signal });
  if (!response.ok) throw new Error(`${url} answered ${response.status}`);
  return await response.text();
});

const splitWords = app.activity("splitWords", (page: string) => page.match(/[a-z]+/gi) ?? []);

const createReport = app.activity("createReport", ({ url, words }: ReportRequest): Report => {
  const longest = words.reduce((best, word) => (word.length > best.length ? word : best), "");
  return { status: "completed", url, count: words.length, longest };
});

app.orchestration("describePage", async (context, url: string) => {
  const page = await context.callActivity(fetchPage, url);
  const words = await context.callActivity(splitWords, page);
  return await context.callActivity(createReport, { url, words });
});
