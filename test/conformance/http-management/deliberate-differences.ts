/** Something that this API does otherwise than the genuine extension, and why. */
export interface DeliberateDifference {
  /** Names of recorded exchanges. */
  readonly in: RegExp;
  /** Where the answers differ, as `compareAnswers` writes it. */
  readonly at: RegExp;
  /** What is otherwise, and why: a sentence for users. */
  readonly why: string;
}

export const deliberateDifferences: readonly DeliberateDifference[] = [
  {
    in: /^start-unknown-function$|^status-unknown-function$/,
    at: /^status$/,
    why: "An orchestration that no app has registered is refused at its start (400, with the names that there are) instead of failing later.",
  },
  {
    in: /^start-id-(at|at-entity-like|hash|question|slash|backslash)$/,
    at: /^status$/,
    why: "Ids that storage, paths or entities stumble over are refused at the start (400, with the character). Instances that have such ids from elsewhere can be read.",
  },
  {
    in: /^status-id-at$/,
    at: /^status$/,
    why: "An instance whose id begins with `@` can be read, and is not run: such ids mark entities.",
  },
  {
    in: /^start-bad-json$/,
    at: /^status$/,
    why: "A body that is not JSON is 400 everywhere, never 500.",
  },
  {
    in: /^start-text-plain(-json)?$|^status-text-start$/,
    at: /^status$/,
    why: "The input of a start has a JSON content type, or none: `text/plain` is what a foreign page can send unasked (415).",
  },
  {
    in: /^start-id-space-unicode$/,
    at: /^header location$|Uri$/,
    why: "A space in an id is `%20` in links. The extension writes `+`, which means a plus sign there.",
  },
  {
    in: /-wrong-(taskhub|hub|connection)$/,
    at: /^status$/,
    why: "Another hub or connection is refused by name (400). The extension would make a hub of that name.",
  },
  {
    in: /^start-duplicate-|^restart-running-same-id$/,
    at: /^\.Message$/,
    why: "The refusal of an id that is in use names the id, its status and what to do.",
  },
  {
    in: /^start-wait-failed-500$/,
    at: /^status$/,
    why: "`returnInternalServerErrorOnFailure` is honoured by a start that waits, too.",
  },
  {
    in: /^start-wait-bad-timeout$|^list-top-(0|neg|abc)$|^list-bad-date$|^list-status-bad$|^purge-many-bad-(date|status)$/,
    at: /^status$|^body$/,
    why: "A parameter that cannot be understood is 400 with its name. The extension leaves it out, so that a mistyped filter lists or deletes everything.",
  },
  {
    in: /^list-bad-token$/,
    at: /^status$/,
    why: "A continuation token that no query has returned is 400, not an empty list.",
  },
  {
    in: /-no-key$/,
    at: /^status$/,
    why: "Keys are asked for by the server in front of this API; on the loopback address there are none.",
  },
  {
    in: /^start-host-header$|^status-location-host$/,
    at: /^status$/,
    why: "A host name that was not allowed is refused: pages could otherwise rebind theirs to this machine.",
  },
  {
    in: /./,
    at: /(\.output|\.Result|\.Reason|\.Details|\.FailureDetails)$/,
    why: "A failure says what was thrown: type, message and stack of the error, where the extension writes texts of its host.",
  },
  {
    in: /^status-retried$/,
    at: /^\.historyEvents\.[567]/,
    why: "No timer is set after the last attempt.",
  },
  {
    in: /^status-entity-call$/,
    at: /\.Input$/,
    why: "Messages to entities carry no .NET type names, which no reader needs.",
  },
  {
    in: /^list(-top-5000)?$/,
    at: /^\."g-ver"\.runtimeStatus$/,
    why: "An instance with a version runs.",
  },
  {
    in: /^list$|^list-top-5000$/,
    at: /"g-big"\.(input|output|notLoaded)$/,
    why: "A list reads no blobs unless `showInput=true` or `showOutput=true` asks for them: what it left there is `null`, and named by `notLoaded`.",
  },
  {
    in: /^raise-(no-body|empty-json-body)$/,
    at: /^status$/,
    why: "An event may have no data: clients of `durable-functions` raise it so.",
  },
  {
    in: /^status-after-event$/,
    at: /^\.historyEvents\./,
    why: "Here the events without data are in the history.",
  },
  {
    in: /^raise-bad-json$|^restart-unknown$|^restart-running-same-id$/,
    at: /^\.(ExceptionMessage|ExceptionType|StackTrace)$/,
    why: "Answers hold no types and stacks of the server.",
  },
  {
    in: /^suspend-again$|^resume-running$/,
    at: /^status$/,
    why: "To suspend what is suspended, or to resume what runs, is no error: calls under way decide what an instance is when it is done.",
  },
  {
    in: /^status-suspended-after-event$/,
    at: /^\.customStatus/,
    why: "A suspended instance does not go on when an event comes.",
  },
  {
    in: /^status-suspended-after-event$|^status-resumed$/,
    at: /^\.historyEvents\./,
    why: "The second suspension is in the history.",
  },
  {
    in: /^rewind-unknown$/,
    at: /^header content-type$|^body$/,
    why: "An unknown instance is an empty 404 at every route.",
  },
  {
    in: /^status-after-rewind$/,
    at: /\.Data$/,
    why: "What a rewind has taken back can still be seen.",
  },
  {
    in: /^purge-many-(running|statuses|all)$/,
    at: /^status$/,
    why: "A purge deletes what was asked for. The extension takes `runtimeStatus=Running` for no filter, and deletes all that have ended.",
  },
  {
    in: /^entity-signal-(bad-json|unknown-entity)$/,
    at: /^\.Message$/,
    why: "Refusals of signals have their own words.",
  },
  {
    in: /^entity-list-(name-)?state$/,
    at: /"key":"k2"\}\.state$/,
    why: "The recorded app added a number to a text; the one that is asked here adds numbers.",
  },
  {
    in: /^entity-as-instance$/,
    at: /^header location$/,
    why: "A location is the address as it was asked for.",
  },
  {
    in: /^entity-as-instance$/,
    at: /^\.input\.exists$|\.Input$/,
    why: "That an entity exists is seen from its state.",
  },
];
