import { hubFlagsHelp } from "./hub-flags.ts";
import type { InstanceVerb } from "./instance-options.ts";

interface VerbHelp {
  /** One line, for the list of commands. */
  readonly summary: string;
  readonly help: string;
}

const json = "      --json                   Print one JSON object\n";
const data = "      --text                   The data is a plain text, not JSON\n";
const wait = `      --wait                   Wait for its end, and show it; exits with 1 unless it has completed
      --timeout <time>         Wait at most so long: 30s, 5m
`;

function help(usage: string, text: string, options: string): string {
  return `Usage: ${usage}\n\n${text}\n\nOptions:\n${options}${hubFlagsHelp}`;
}

/** What `--help` says of the verbs for instances. */
export const instanceHelp: Readonly<Record<InstanceVerb, VerbHelp>> = {
  ls: {
    summary: "List instances of a task hub",
    help: help(
      "durable ls [options]",
      "Lists instances: id, orchestration, status, when they were created and last changed. Long lists are printed page by page.",
      `      --status <statuses>      Of these statuses: Running, Completed, Failed, Canceled, Terminated, Pending, Suspended
      --name <name>            Those of this orchestration
      --prefix <text>          Those whose ids begin so
      --created-after <time>   Created since then: 2026-05-01T10:00:00Z, or 2h for two hours ago
      --created-before <time>  Created until then
      --entities               Entities too
      --limit <count>          At most so many; if there are more, says how to go on
      --after <token>          Go on where a list with --limit has ended
      --json                   Print one JSON object per line
`,
    ),
  },
  show: {
    summary: "Show an instance, with what it waits for and since when",
    help: help(
      "durable show <id> [options]",
      `Shows the status of an instance, its input and output, what it waits for and since when, and why it has failed.
Shows the state of an entity for an id @name@key.`,
      `      --full                   Long inputs, outputs and statuses, and stacks, whole
${json}`,
    ),
  },
  history: {
    summary: "Show what an instance has done, step by step",
    help: help(
      "durable history <id> [options]\n       durable history --all [options]",
      `Shows the history of an instance: a line for each call with how long it took, in the order of their starts.
With --all it prints the histories of all instances with nothing left out, one JSON object per line: for a file that
'durable replay-check' and the testing kit replay. They hold the data of users.`,
      `      --full                   With inputs, results and stacks
      --all                    All instances; --status, --name and --prefix choose among them as for 'durable ls'
      --out <file>             Write the histories of --all into a file
${json}`,
    ),
  },
  start: {
    summary: "Start an orchestration",
    help: help(
      "durable start <orchestration> [options]",
      "Starts an instance of an orchestration and prints its id. Whether the orchestration exists is known where it runs.",
      `      --id <id>                Id of the instance (default: a new one)
      --input <data>           Its input: JSON, @file, or - for standard input
${data}      --version <version>      Version of the orchestration
${wait}${json}`,
    ),
  },
  raise: {
    summary: "Send an event to an instance",
    help: help(
      "durable raise <id> <event> [data] [options]",
      "Sends an event to an instance. It is kept until the orchestration waits for it. Data is JSON, @file, or - for standard input.",
      `${data}${json}`,
    ),
  },
  signal: {
    summary: "Send an operation to an entity",
    help: help(
      "durable signal <@name@key> <operation> [input] [options]",
      "Sends an operation to an entity; nobody waits for its result. The input is JSON, @file, or - for standard input.",
      `${data}${json}`,
    ),
  },
  terminate: {
    summary: "End instances at once",
    help: help(
      "durable terminate <id...> [options]",
      "Ends instances where they stand. Activities that run already run to their end, and nobody gets their results.",
      `      --reason <text>          Kept as the output
      --recursive              The sub-orchestrations too that they wait for
${json}`,
    ),
  },
  suspend: {
    summary: "Let instances rest until they are resumed",
    help: help(
      "durable suspend <id...> [options]",
      "Lets instances rest: what comes for them is kept until they are resumed.",
      `      --reason <text>          Shown with their status
${json}`,
    ),
  },
  resume: {
    summary: "Let suspended instances go on",
    help: help(
      "durable resume <id...> [options]",
      "Lets suspended instances go on, with what has come for them meanwhile.",
      `      --reason <text>          Shown with their status
${json}`,
    ),
  },
  rewind: {
    summary: "Let failed instances go on from their last failure",
    help: help(
      "durable rewind <id...> [options]",
      "Lets failed instances go on from before their failure: what has failed is run again, what was done stays done.",
      `      --reason <text>          Kept in the history
${json}`,
    ),
  },
  restart: {
    summary: "Start an instance again from its beginning",
    help: help(
      "durable restart <id> [options]",
      "Starts the orchestration of an instance again with the same input, and prints the id of the new instance.",
      `      --same-id                In place of the instance, which must have ended
${wait}${json}`,
    ),
  },
};
