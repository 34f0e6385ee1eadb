import { gzipSync } from "node:zlib";

/** What is to become of a bad message: `any` is all but staying where it is. */
export type Fate = "quarantined" | "any";

/** A message that nobody of good will writes. */
export interface BadMessage {
  readonly kind: string;
  readonly queue: "control" | "workItems";
  readonly encoding: "utf8" | "base64";
  readonly text: string;
  readonly fate: Fate;
}

export interface BadMessages {
  readonly messages: readonly BadMessage[];
  /** What they refer to in the hub's container, by name. */
  readonly blobs: ReadonlyMap<string, Uint8Array>;
}

type Json = Record<string, unknown>;

const core = "DurableTask.Core";
const executionId = "5b0c1e6f0a7d4f0c9b1d3c2e4f5a6b7c";
const timestamp = "2026-06-24T10:00:00.1234567Z";

function eventOf(type: string, members: Json, number = 0): Json {
  const name = type === "GenericEvent" ? type : `${type}Event`;
  const $type = `${core}.History.${name}`;
  return { $type, EventType: number, ...members, EventId: -1, IsPlayed: false, Timestamp: timestamp };
}

const failure = {
  $type: `${core}.FailureDetails`,
  ErrorType: "E",
  ErrorMessage: "m",
  StackTrace: null,
  InnerFailure: null,
  IsNonRetriable: false,
  Properties: null,
};

/** Events that control queues are for, with all their members. */
const events: Readonly<Record<string, Json>> = {
  TaskCompleted: eventOf("TaskCompleted", { TaskScheduledId: 77, Result: '"r"' }, 5),
  TaskFailed: eventOf("TaskFailed", { TaskScheduledId: 77, Reason: "r", Details: null, FailureDetails: failure }, 6),
  SubOrchestrationInstanceCompleted: eventOf(
    "SubOrchestrationInstanceCompleted",
    { TaskScheduledId: 77, Result: '"r"' },
    8,
  ),
  TimerFired: eventOf("TimerFired", { TimerId: 77, FireAt: timestamp }, 11),
  EventRaised: eventOf("EventRaised", { Name: "nobody", Input: "1", ParentTraceContext: null }, 15),
  ExecutionTerminated: eventOf("ExecutionTerminated", { Input: "reason" }, 3),
  GenericEvent: eventOf("GenericEvent", { Data: "reason" }, 17),
};

const taskScheduled: Json = {
  ...eventOf("TaskScheduled", { Name: "nobody", Version: "", Input: '["x"]', ParentTraceContext: null, Tags: null }, 4),
  EventId: 78,
};

function started(instanceId: string): Json {
  return eventOf("ExecutionStarted", {
    OrchestrationInstance: { InstanceId: instanceId, ExecutionId: executionId },
    ParentInstance: null,
    Name: "nobody",
    Version: "",
    Input: "1",
    Tags: null,
    Correlation: null,
    ParentTraceContext: null,
    ScheduledStartTime: null,
    Generation: 0,
    GenerateNewTrace: false,
  });
}

let sequence = 1_000_000;

function envelope(instanceId: string, event: unknown, change: Json = {}, taskChange: Json = {}): Json {
  return {
    $type: "DurableTask.AzureStorage.MessageData",
    ActivityId: "00000000-0000-0000-0000-000000000000",
    TaskMessage: {
      $type: `${core}.TaskMessage`,
      Event: event,
      SequenceNumber: 0,
      OrchestrationInstance: { $type: `${core}.OrchestrationInstance`, InstanceId: instanceId, ExecutionId: null },
      OrchestrationExecutionContext: null,
      ...taskChange,
    },
    CompressedBlobName: null,
    SequenceNumber: ++sequence,
    Sender: { InstanceId: "", ExecutionId: "" },
    SerializableTraceContext: null,
    ...change,
  };
}

const wrongValues: readonly (readonly [string, unknown])[] = [
  ["a number", 12],
  ["a text", "twelve"],
  ["a fraction", 1.5],
  ["a list", [1]],
  ["an object", { a: 1 }],
  ["true", true],
];

/** Texts that are no message, whatever the queue. */
function noMessages(valid: string): readonly (readonly [string, string])[] {
  return [
    ["empty", ""],
    ["white space", "   \n "],
    ["words", "not JSON at all"],
    ["noise", "q83vASNFZ4mrze8="],
    ["null", "null"],
    ["true", "true"],
    ["a number", "42"],
    ["a text", '"text"'],
    ["a list", "[]"],
    ["a list of an object", "[{}]"],
    ["an empty object", "{}"],
    ["half a message", valid.slice(0, valid.length / 2)],
    ["two messages", valid + valid],
    ["quoted with apostrophes", valid.replaceAll('"', "'")],
    ["NaN for a number", valid.replace(/"SequenceNumber":\d+/, '"SequenceNumber":NaN')],
    ["a number beyond numbers", valid.replace(/"SequenceNumber":\d{3,}/, '"SequenceNumber":1e400')],
    ["a comment", `/* hello */ ${valid}`],
    ["45,000 brackets", "[".repeat(45_000)],
    ["objects 5,000 deep", `${'{"a":'.repeat(5000)}1${"}".repeat(5000)}`],
    ["a deep unknown member", valid.replace(/\}$/, `,"More":${"[".repeat(1500)}${"]".repeat(1500)}}`)],
    ["spaces before a mark", `${" ".repeat(40_000)}!`],
    ["the prototype for a message", `{"__proto__":${valid}}`],
    ["a member twice, empty at last", valid.replace(/\}$/, ',"TaskMessage":null}')],
  ];
}

function envelopes(instanceId: string, event: Json): readonly (readonly [string, Json])[] {
  const wrong = (what: string, make: (value: unknown) => Json, values = wrongValues) =>
    values.map(([name, value]) => [`${name} for ${what}`, make(value)] as const);
  const texts = wrongValues.filter(([name]) => name !== "a text");
  const numbers = wrongValues.filter(([name]) => name !== "a number");
  const objects = wrongValues.filter(([name]) => name !== "an object");
  const change = (change: Json) => envelope(instanceId, event, change);
  const taskChange = (change: Json) => envelope(instanceId, event, {}, change);
  return [
    ...wrong("the task message", (TaskMessage) => change({ TaskMessage }), objects),
    ["no task message", change({ TaskMessage: undefined })],
    ...wrong("the event", (Event) => taskChange({ Event }), objects),
    ["no event", taskChange({ Event: null })],
    ...wrong("the instance", (OrchestrationInstance) => taskChange({ OrchestrationInstance }), objects),
    ["no instance", taskChange({ OrchestrationInstance: null })],
    ["an empty instance id", taskChange({ OrchestrationInstance: { InstanceId: "", ExecutionId: null } })],
    ...wrong("the instance id", (InstanceId) => taskChange({ OrchestrationInstance: { InstanceId } }), texts),
    ["a number for the execution id", taskChange({ OrchestrationInstance: { InstanceId: "x", ExecutionId: 1 } })],
    ["an instance id of 600 characters", envelope("i".repeat(600), event)],
    ["an instance id with half a character", envelope("\ud800x", event)],
    ["an instance id with U+FFFE", envelope("a\ufffe", event)],
    ...wrong("the activity id", (ActivityId) => change({ ActivityId }), texts),
    ...wrong("the sequence number", (SequenceNumber) => change({ SequenceNumber }), numbers),
    ...wrong("the episode", (Episode) => change({ Episode }), numbers),
    ["a huge episode", change({ Episode: 1e12 })],
    ...wrong("the sender", (Sender) => change({ Sender }), objects),
    ...wrong("the name of the blob", (CompressedBlobName) => change({ CompressedBlobName }), texts),
    ["a hostile type of the message", change({ $type: "System.Diagnostics.Process, System" })],
    ["a hostile type of the task message", taskChange({ $type: "System.IO.FileInfo" })],
    ...[
      "System.Diagnostics.Process, System",
      "constructor",
      "__proto__",
      `${core}.History.`,
      "",
      `${core}.History.X`,
    ].map((type) => [`'${type}' for the type of the event`, envelope(instanceId, { ...event, $type: type })] as const),
    ["an event without a type", envelope(instanceId, { ...event, $type: undefined })],
    ["a number for the type of the event", envelope(instanceId, { ...event, $type: 5 })],
    ...["0x", 1e300, 2 ** 31, 0.5, null].flatMap((EventId) =>
      EventId === null
        ? []
        : [[`${EventId} for the number of the event`, envelope(instanceId, { ...event, EventId })] as const],
    ),
    ...["soon", "2026-13-45T99:00:00Z", 1, {}, "12"].map(
      (Timestamp) =>
        [`${JSON.stringify(Timestamp)} for a time`, envelope(instanceId, { ...event, Timestamp })] as const,
    ),
  ];
}

/** Members that must be of another type, and those without which an event of this type says nothing. */
function memberFaults(instanceId: string, type: string, event: Json): readonly (readonly [string, Json])[] {
  const faults: [string, Json][] = [];
  const put = (name: string, value: unknown, what: string) =>
    faults.push([`${what} for ${type}.${name}`, envelope(instanceId, { ...event, [name]: value })]);
  const ids = ["TaskScheduledId", "TimerId"].filter((name) => name in event);
  for (const name of ids) {
    for (const value of [undefined, null, -1, 1.5, 2 ** 31, 1e300, "0", [0]]) put(name, value, `${String(value)}`);
  }
  if (type === "TimerFired")
    for (const value of [undefined, null, "", "soon", 5, {}]) put("FireAt", value, `${JSON.stringify(value)}`);
  if (type === "EventRaised")
    for (const value of [undefined, null, 5, ["n"]]) put("Name", value, `${JSON.stringify(value)}`);
  for (const name of ["Result", "Input", "Reason", "Data"].filter((name) => name in event))
    put(name, { a: 1 }, "an object");
  if ("FailureDetails" in event) {
    for (const value of ["text", [failure], { ...failure, ErrorMessage: 5 }, { ...failure, InnerFailure: "x" }]) {
      put("FailureDetails", value, JSON.stringify(value).slice(0, 30));
    }
    put("FailureDetails", { ...failure, $type: "System.Exception" }, "a hostile type");
  }
  if ("ParentTraceContext" in event) put("ParentTraceContext", "00-1", "a text");
  return faults;
}

function starts(instanceId: string): readonly (readonly [string, Json])[] {
  const start = started(instanceId);
  const of = (change: Json) => envelope(instanceId, { ...start, ...change });
  return [
    ["a start of nothing", of({ OrchestrationInstance: null })],
    ["a start of another instance", of({ OrchestrationInstance: { InstanceId: "other", ExecutionId: executionId } })],
    ["a start without an execution", of({ OrchestrationInstance: { InstanceId: instanceId } })],
    ["a start without a name", of({ Name: null })],
    ["a start with a number for its name", of({ Name: 5 })],
    ["a start with a name beyond a column", of({ Name: "n".repeat(33_000) })],
    ["a start with a version beyond a column", of({ Version: "n".repeat(33_000) })],
    ["a start with a text for its tags", of({ Tags: "x" })],
    ["a start with a list for its tags", of({ Tags: ["x"] })],
    ["a start with a text for its parent", of({ ParentInstance: "x" })],
    [
      "a start whose parent has no id",
      of({ ParentInstance: { Name: "p", OrchestrationInstance: {}, TaskScheduleId: 0 } }),
    ],
    [
      "a start whose parent waits for nothing",
      of({ ParentInstance: { Name: "p", OrchestrationInstance: { InstanceId: "p", ExecutionId: "x" } } }),
    ],
    ["a start at no time", of({ ScheduledStartTime: "tomorrow" })],
    ["a start of a text for its generation", of({ Generation: "one" })],
    ["a start of half a generation", of({ Generation: 0.5 })],
  ];
}

const misplacedEvents = [
  "ExecutionCompleted",
  "TimerCreated",
  "EventSent",
  "ContinueAsNew",
  "OrchestratorStarted",
  "OrchestratorCompleted",
  "HistoryState",
  "SubOrchestrationInstanceCreated",
];

/** Such an event carries all that any of them must have. */
const misplacedMembers = { Name: "n", InstanceId: "i", FireAt: timestamp, OrchestrationStatus: 1, Result: "1" };

function blobReferences(
  mark: string,
  instanceId: string,
  valid: string,
  put: (content: Uint8Array) => string,
): readonly string[] {
  const wrapper = (blob: string) => JSON.stringify(envelope("", null, { TaskMessage: null, CompressedBlobName: blob }));
  const gzipped = gzipSync(valid);
  const foreign = put(gzipSync(JSON.stringify(envelope("someone-else", events["EventRaised"]))));
  return [
    wrapper(`${instanceId}/message-${mark}-EventRaised.json.gz`),
    wrapper(`../${mark}.json.gz`),
    wrapper(`https://example.test/${mark}.json.gz`),
    wrapper(mark.padEnd(2000, "n")),
    wrapper(`${mark}\u0001b`),
    wrapper(foreign),
    wrapper(put(gzipSync(wrapper("another")))),
    wrapper(put(gzipped.subarray(0, gzipped.length - 12))),
    wrapper(put(gzipped.subarray(12))),
    wrapper(put(Buffer.from("plain"))),
    wrapper(put(Buffer.alloc(0))),
    wrapper(put(gzipSync("[]"))),
    wrapper(put(gzipSync("[".repeat(1_000_000)))),
    wrapper(put(gzipSync(valid.slice(0, -3)))),
  ];
}

/**
 * The corpus of bad messages: each kind for both queues, in both encodings.
 *
 * @param instanceId an instance that waits, and must not notice
 */
export function badMessages(instanceId: string): BadMessages {
  const blobs = new Map<string, Uint8Array>();
  const put = (content: Uint8Array): string => {
    const name = `${instanceId}/message-${String(blobs.size).padStart(32, "0")}-EventRaised.json.gz`;
    blobs.set(name, content);
    return name;
  };
  const messages: BadMessage[] = [];
  const add = (queue: BadMessage["queue"], kind: string, json: string, fate: Fate = "quarantined") => {
    // The service takes no such character as it is, and the emulator starves on it.
    const text = json.replaceAll("\ufffe", "\\ufffe");
    messages.push({ kind, queue, encoding: "utf8", text, fate });
    messages.push({ kind, queue, encoding: "base64", text: Buffer.from(text, "utf8").toString("base64"), fate });
  };
  for (const queue of ["control", "workItems"] as const) {
    const event = queue === "control" ? events["EventRaised"]! : taskScheduled;
    const valid = JSON.stringify(envelope(instanceId, event));
    for (const [kind, text] of noMessages(valid)) add(queue, kind, text);
    for (const [kind, json] of envelopes(instanceId, event)) add(queue, kind, JSON.stringify(json));
    for (const type of misplacedEvents) {
      add(queue, `a ${type}`, JSON.stringify(envelope(instanceId, eventOf(type, misplacedMembers))));
    }
    // A message is known by its blob: each has its own.
    for (const encoding of ["utf8", "base64"] as const) {
      for (const [index, json] of blobReferences(`${queue}-${encoding}`, instanceId, valid, put).entries()) {
        const text = encoding === "utf8" ? json : Buffer.from(json, "utf8").toString("base64");
        messages.push({ kind: `blob ${index}`, queue, encoding, text, fate: "quarantined" });
      }
    }
  }
  for (const [type, event] of Object.entries(events)) {
    for (const [kind, json] of memberFaults(instanceId, type, event)) add("control", kind, JSON.stringify(json));
    add("workItems", `a ${type} among activities`, JSON.stringify(envelope(instanceId, event)));
  }
  for (const [kind, json] of starts("nobody")) add("control", kind, JSON.stringify(json));
  add("control", "an activity among orchestrations", JSON.stringify(envelope(instanceId, taskScheduled)));
  for (const Name of [undefined, null, 5, {}]) {
    add(
      "workItems",
      `${JSON.stringify(Name)} for the name`,
      JSON.stringify(envelope(instanceId, { ...taskScheduled, Name })),
    );
  }
  for (const EventId of [-1, -7, undefined]) {
    add("workItems", `${EventId} for the number`, JSON.stringify(envelope(instanceId, { ...taskScheduled, EventId })));
  }
  for (const Input of [5, {}, ["x"]]) {
    add(
      "workItems",
      `${JSON.stringify(Input)} for the input`,
      JSON.stringify(envelope(instanceId, { ...taskScheduled, Input })),
    );
  }
  // Bytes that no XML carries.
  const bytes: readonly (readonly [string, Buffer])[] = [
    ["bytes that are no text", Buffer.from([0xff, 0xfe, 0x00, 0x80, 0xc0])],
    ["UTF-16", Buffer.from(JSON.stringify(envelope(instanceId, taskScheduled)), "utf16le")],
    ["zeros", Buffer.alloc(64)],
  ];
  for (const queue of ["control", "workItems"] as const) {
    for (const [kind, content] of bytes) {
      messages.push({ kind, queue, encoding: "base64", text: content.toString("base64"), fate: "quarantined" });
    }
  }
  for (const queue of ["control", "workItems"] as const) addOdd(queue, instanceId, add);
  return { messages, blobs };
}

/** Messages that can be read, and do no good. */
function addOdd(
  queue: BadMessage["queue"],
  instanceId: string,
  add: (queue: BadMessage["queue"], kind: string, text: string, fate: Fate) => void,
): void {
  const odd = (kind: string, json: Json) => add(queue, kind, JSON.stringify(json), "any");
  if (queue === "workItems") {
    odd("an activity for nobody", envelope("nobody", taskScheduled));
    odd("an activity for what is no entity", envelope("@", taskScheduled));
    odd("an input that is no JSON", envelope("nobody", { ...taskScheduled, Input: "{{" }));
    const Tags: unknown = JSON.parse('{"__proto__":"x","a":"b"}');
    odd("tags named like a prototype", envelope("nobody", { ...taskScheduled, Tags }));
    return;
  }
  for (const [type, event] of Object.entries(events)) {
    odd(`a ${type} for nobody`, envelope("nobody", event));
    odd(`a ${type} for an entity that is not there`, envelope("@nobody@x", event));
    odd(`a ${type} for what is no entity`, envelope("@", event));
    if (type !== "ExecutionTerminated" && type !== "EventRaised") {
      odd(
        `a ${type} of another execution`,
        envelope(
          instanceId,
          event,
          {},
          {
            OrchestrationInstance: { InstanceId: instanceId, ExecutionId: "another" },
          },
        ),
      );
    }
  }
  for (const Input of ["{{", "null", '{"op":5}', '{"id":"x"}', '{"op":"add","id":"1","signal":true,"input":"{{"}']) {
    for (const Name of ["op", "release"]) {
      odd(`the ${Name} ${Input} of an entity`, envelope("@nobody@y", { ...events["EventRaised"], Name, Input }));
    }
  }
  odd("an operation at no time", envelope("@nobody@z", { ...events["EventRaised"], Name: "op@tomorrow", Input: "{}" }));
  odd("a start of an entity", envelope("@nobody@s", started("@nobody@s")));
  odd("a time before all times", envelope("nobody", { ...events["EventRaised"], Timestamp: "0001-01-01T00:00:00" }));
  odd("a time after all times", envelope("nobody", { ...events["EventRaised"], Timestamp: "+012345-01-01T00:00:00Z" }));
  odd("a timer of the year 1", envelope("nobody", { ...events["TimerFired"], FireAt: "0001-01-01T00:00:00" }));
}
