import type { Difference } from "./compare-answers.ts";

/** Something that this API does otherwise than the genuine extension, and why. */
export interface DeliberateDifference {
  /** Names of recorded exchanges; each of them differs so. */
  readonly in: readonly string[];
  /** Where the answers differ: no wider than the reason is. */
  readonly at: readonly DifferingPlace[];
  /** What is otherwise, and why: a sentence for users. */
  readonly why: string;
}

interface DifferingPlace {
  readonly place: RegExp;
  /** What stands there in JSON. @defaultValue anything */
  readonly genuine?: RegExp;
  readonly ours?: RegExp;
}

/** The reason that covers a difference, if there is one. */
export function findReason(name: string, difference: Difference): DeliberateDifference | undefined {
  return deliberateDifferences.find(
    (each) =>
      each.in.includes(name) &&
      each.at.some(
        ({ place, genuine, ours }) =>
          place.test(difference.place) &&
          genuine?.test(difference.genuine) !== false &&
          ours?.test(difference.ours) !== false,
      ),
  );
}

export const deliberateDifferences: readonly DeliberateDifference[] = [
  {
    in: ["start-unknown-function", "status-unknown-function"],
    at: [{ place: /^status 200 → 404$/ }, { place: /^status 202 → 400$/ }],
    why: "An orchestration that no app has registered is refused at its start (400, with the names that there are) instead of failing later.",
  },
  {
    in: [
      "start-id-at",
      "start-id-at-entity-like",
      "start-id-hash",
      "start-id-question",
      "start-id-slash",
      "start-id-backslash",
    ],
    at: [{ place: /^status 202 → 400$/ }, { place: /^status 404 → 400$/ }],
    why: "Ids that storage, paths or entities stumble over are refused at the start (400, with the character). Instances that have such ids from elsewhere can be read.",
  },
  {
    in: ["status-id-at"],
    at: [{ place: /^status 200 → 202$/ }],
    why: "An instance whose id begins with `@` can be read, and is not run: such ids mark entities.",
  },
  {
    in: ["start-bad-json"],
    at: [{ place: /^status 500 → 400$/ }],
    why: "A body that is not JSON is 400 everywhere, never 500.",
  },
  {
    in: ["start-text-plain", "start-text-plain-json", "status-text-start"],
    at: [{ place: /^status 202 → 404$/ }, { place: /^status 202 → 415$/ }, { place: /^status 400 → 415$/ }],
    why: "The input of a start has a JSON content type, or none: `text/plain` is what a foreign page can send unasked (415).",
  },
  {
    in: ["start-id-space-unicode"],
    at: [{ place: /^header location$|^\.\w+Uri$/, ours: /g%20sp/ }],
    why: "A space in an id is `%20` in links. The extension writes `+`, which means a plus sign there.",
  },
  {
    in: ["start-wrong-taskhub", "start-wrong-connection", "status-wrong-hub", "status-wrong-connection"],
    at: [{ place: /^status 404 → 400$/ }, { place: /^status 409 → 400$/ }, { place: /^status 500 → 400$/ }],
    why: "Another hub or connection is refused by name (400). The extension would make a hub of that name.",
  },
  {
    in: ["start-duplicate-running", "start-duplicate-suspended", "restart-running-same-id"],
    at: [{ place: /^\.Message$/, ours: /exists already and is \w+; choose another id/ }],
    why: "The refusal of an id that is in use names the id, its status and what to do.",
  },
  {
    in: ["start-wait-failed-500"],
    at: [{ place: /^status 200 → 500$/ }],
    why: "`returnInternalServerErrorOnFailure` is honoured by a start that waits, too.",
  },
  {
    in: [
      "start-wait-bad-timeout",
      "list-top-0",
      "list-top-neg",
      "list-top-abc",
      "list-status-bad",
      "list-bad-date",
      "purge-many-bad-date",
      "purge-many-bad-status",
    ],
    at: [
      { place: /^status 200 → 400$/ },
      { place: /^status 202 → 400$/ },
      { place: /^status 404 → 400$/ },
      { place: /^status 500 → 400$/ },
      { place: /^body$/, ours: /must be a time/ },
    ],
    why: "A parameter that cannot be understood is 400 with its name. The extension leaves it out, so that a mistyped filter lists or deletes everything.",
  },
  {
    in: ["list-bad-token"],
    at: [{ place: /^status 200 → 400$/ }],
    why: "A continuation token that no query has returned is 400, not an empty list.",
  },
  {
    in: ["start-no-key", "status-no-key"],
    at: [{ place: /^status 401 → 200$/ }, { place: /^status 401 → 202$/ }],
    why: "Keys are asked for by the server in front of this API; on the loopback address there are none.",
  },
  {
    in: ["start-host-header", "status-location-host"],
    at: [{ place: /^status 202 → 403$/ }],
    why: "A host name that was not allowed is refused: pages could otherwise rebind theirs to this machine.",
  },
  {
    in: [
      "start-wait-failed",
      "status-failed-activity",
      "status-failed-activity-history",
      "status-failed-activity-history-output",
      "status-failed-activity-noinput",
      "status-failed-activity-history-output-noinput",
      "status-failed-orchestrator",
      "status-failed-orchestrator-history",
      "status-failed-orchestrator-history-output",
      "status-failed-orchestrator-noinput",
      "status-failed-orchestrator-history-output-noinput",
      "status-failed-500",
      "status-retried",
      "status-failed-sub",
      "list",
      "list-top-5000",
      "list-two-statuses",
      "list-statuses-repeated",
      "list-status-wrong-case",
      "list-prefix",
      "status-before-rewind",
    ],
    at: [
      { place: /\.(output|Result)$/, genuine: /^"Orchestrator function '/, ours: /^"(\w*Error: )?[^{]*"$/ },
      { place: /\.Reason$/, genuine: /^"(Activity|Orchestrator) function '/, ours: /^"[^{]*"$/ },
      { place: /\.Details$/, genuine: /^"/, ours: /^null$/ },
      { place: /\.FailureDetails$/, genuine: /^null$/, ours: /^\{"ErrorType":"\w+","ErrorMessage":"/ },
    ],
    why: "A failure says what was thrown: type, message and stack of the error, where the extension writes texts of its host.",
  },
  {
    in: ["status-retried"],
    at: [{ place: /^\.historyEvents\.[567](\.(EventType|FireAt|OrchestrationStatus|Result|FailureDetails))?$/ }],
    why: "No timer is set after the last attempt.",
  },
  {
    in: ["status-entity-call"],
    at: [{ place: /\.Input$/, genuine: /\$type/, ours: /^"\{\\"(op|result)\\"/ }],
    why: "Messages to entities carry no .NET type names, which no reader needs.",
  },
  {
    in: ["list", "list-top-5000"],
    at: [
      {
        place: /^\."g-ver"\.(runtimeStatus|output)$/,
        genuine: /^("Pending"|null)$/,
        ours: /^("Completed"|\["Hello V!"\])$/,
      },
    ],
    why: "An instance with a version runs.",
  },
  {
    in: ["list", "list-top-5000"],
    at: [
      { place: /^\."g-big"\.(input|output)$/, genuine: /\(70000 times x\)/, ours: /^null$/ },
      { place: /^\."g-big"\.notLoaded$/, genuine: /^absent$/, ours: /^\["input","output"\]$/ },
    ],
    why: "A list reads no blobs unless `showInput=true` or `showOutput=true` asks for them: what it left there is `null`, and named by `notLoaded`.",
  },
  {
    in: ["raise-no-body", "raise-empty-json-body"],
    at: [{ place: /^status 400 → 202$/ }],
    why: "An event may have no data: clients of `durable-functions` raise it so.",
  },
  {
    in: ["status-after-event"],
    at: [
      {
        place:
          /^\.historyEvents\.[1-8](\.(EventType|Name|Input|OrchestrationStatus|Result|FailureDetails|ParentTraceContext))?$/,
      },
    ],
    why: "Here the events without data are in the history.",
  },
  {
    in: ["raise-bad-json", "restart-unknown", "restart-running-same-id"],
    at: [{ place: /^\.(ExceptionMessage|ExceptionType|StackTrace)$/, ours: /^absent$/ }],
    why: "Answers hold no types and stacks of the server.",
  },
  {
    in: ["suspend-again", "resume-running"],
    at: [{ place: /^status 500 → 202$/ }],
    why: "To suspend what is suspended, or to resume what runs, is no error: calls under way decide what an instance is when it is done.",
  },
  {
    in: ["status-suspended-after-event"],
    at: [{ place: /^\.customStatus\.(stage|v)$/ }],
    why: "A suspended instance does not go on when an event comes.",
  },
  {
    in: ["status-suspended-after-event", "status-resumed"],
    at: [
      {
        place:
          /^\.historyEvents\.[2-5](\.(EventType|Name|Input|OrchestrationStatus|Result|FailureDetails|ParentTraceContext|Reason))?$/,
      },
    ],
    why: "The second suspension is in the history.",
  },
  {
    in: ["rewind-unknown"],
    at: [{ place: /^header content-type$|^body$/, ours: /^absent$|^""$/ }],
    why: "An unknown instance is an empty 404 at every route.",
  },
  {
    in: ["status-after-rewind"],
    at: [{ place: /\.Data$/, ours: /^"Rewound: \w+"$/ }],
    why: "What a rewind has taken back can still be seen.",
  },
  {
    in: ["purge-many-running", "purge-many-statuses", "purge-many-all"],
    at: [{ place: /^status 200 → 404$/ }, { place: /^status 404 → 200$/ }],
    why: "A purge deletes what was asked for. The extension takes `runtimeStatus=Running` for no filter, and deletes all that have ended.",
  },
  {
    in: ["entity-signal-bad-json", "entity-signal-unknown-entity"],
    at: [{ place: /^\.Message$/, ours: /it is not JSON in UTF-8|there is no entity named/ }],
    why: "Refusals of signals have their own words.",
  },
  {
    in: ["entity-list-name-state", "entity-list-state"],
    at: [{ place: /"key":"k2"\}\.state$/, ours: /^7$/ }],
    why: "The recorded app added a number to a text; the one that is asked here adds numbers.",
  },
  {
    in: ["entity-as-instance"],
    at: [{ place: /^header location$/, ours: /%40counter%40k1/ }],
    why: "A location is the address as it was asked for.",
  },
  {
    in: ["entity-as-instance"],
    at: [{ place: /^\.input\.exists$|\.Input$/ }],
    why: "That an entity exists is seen from its state.",
  },
  {
    in: ["status-after-purge-running"],
    at: [{ place: /^\.output$/, genuine: /^null$/, ours: /^"on"$/ }],
    why: "An instance that has gone on keeps the reason as its output: it was resumed while it ran, which the extension has refused.",
  },
  {
    in: [
      "list",
      "list-top-5000",
      "list-two-statuses",
      "list-statuses-repeated",
      "list-status-wrong-case",
      "list-prefix",
    ],
    at: [{ place: /^"?\."(g-nope|g-text2|g-hh|g-w[56]|a\?b)": missing$/ }],
    why: "A start that was refused has started nothing. The extension keeps an instance that it has answered with 400.",
  },
  {
    in: ["list", "list-top-5000", "list-two-statuses", "list-statuses-repeated", "list-status-wrong-case"],
    at: [{ place: /^\."g-nokey": extra$/ }],
    why: "Keys are asked for by the server in front of this API; on the loopback address there are none.",
  },
  {
    in: [
      "list",
      "list-top-5000",

      "list-two-statuses",
      "list-statuses-repeated",
      "list-status-wrong-case",
    ],
    at: [{ place: /^\."@[^"]*": missing$/ }],
    why: "Entities, and what has an id like theirs, are not among the instances: they have a list of their own.",
  },
  {
    in: ["list-status-wrong-case"],
    at: [{ place: /: missing$/, genuine: /"runtimeStatus":"(?!Failed)/ }],
    why: "A status may be written in any case. The extension takes `failed` for no filter.",
  },
  {
    in: ["entity-list", "entity-list-name", "entity-list-name-state", "entity-list-state", "entity-list-times"],
    at: [{ place: /^\.\{"name":"counter","key":"viaorch"\}: extra$/ }],
    why: "A purge of instances leaves entities, which the extension deletes with them.",
  },
];
