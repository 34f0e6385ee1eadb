import { loadPage } from "./load-page.ts";

// The page is made of tests.
await loadPage("docs/testing.md");
