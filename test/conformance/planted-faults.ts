/** A mutation of one line that breaks one promise. */
export interface PlantedFault {
  /** In `src`. */
  readonly file: string;
  /** Stands in the file once. */
  readonly find: string;
  readonly replacement: string;
  /** What does not hold any more. */
  readonly breaks: string;
}

const hub = "backends/memory/memory-task-hub.ts";
const workItems = "backends/memory/memory-work-items.ts";
const queue = "backends/memory/message-queue.ts";
const waiting = "backends/memory/waiting-queue.ts";
const state = "backends/memory/instance-state.ts";

export const plantedFaults: readonly PlantedFault[] = [
  {
    file: hub,
    find: "if (!held.isSettled && this.#queueOf(held.instanceId).messages.renew(held.hold)) return;",
    replacement: "if (!held.isSettled) return;",
    breaks: "a renewal keeps an orchestration's messages away, and tells of a lost lock",
  },
  {
    file: hub,
    find: "return this.#orchestrations.take(signal);",
    replacement: "return (this.#entities.messages.hasReady ? this.#entities : this.#orchestrations).take(signal);",
    breaks: "an orchestration does not wait for entities",
  },
  {
    file: hub,
    find: "return this.#entities.take(signal);",
    replacement:
      "return (this.#orchestrations.messages.hasReady ? this.#orchestrations : this.#entities).take(signal);",
    breaks: "an entity does not wait for orchestrations",
  },
  {
    file: hub,
    find: "if (workItem.isSettled) throw lockLost(instanceId);",
    replacement: "",
    breaks: "a settled work item writes nothing",
  },
  {
    file: hub,
    find: "if (history !== undefined && !this.#isAt(instanceId, history.expectedHistoryVersion)) {",
    replacement: "if (history === null) {",
    breaks: "a checkpoint is refused on a history that has moved on",
  },
  {
    file: hub,
    find: "return settled.has(stored.id) ? undefined : retryDelayMs(stored.deliveryCount);",
    replacement: "return undefined;",
    breaks: "what a checkpoint defers comes again",
  },
  {
    file: hub,
    find: "{ executionId, events: all, version, acceptedMessageIds }",
    replacement: "{ executionId, events: all, version, acceptedMessageIds: [] }",
    breaks: "ids of accepted messages are kept with the history",
  },
  {
    file: hub,
    find: "...(isReleased ? {} : { undeleted: [...settled] })",
    replacement: "",
    breaks: "a receipt tells which settled messages may come again",
  },
  {
    file: hub,
    find: "    held.settle();\n    this.#workItems",
    replacement: "    held.isSettled = true;\n    this.#workItems",
    breaks: "a run that was handed back does not count",
  },
  {
    file: hub,
    find: "    held.settle();\n    return lockLost(held.delivered",
    replacement: "    held.isSettled = true;\n    return lockLost(held.delivered",
    breaks: "a lock that was lost by a worker that is still there leaves no unfinished run",
  },
  {
    file: workItems,
    find: "for (const stored of this.#messages) stored.unfinishedRuns++;",
    replacement: "",
    breaks: "a run that began and never ended counts",
  },
  {
    file: hub,
    find: "const basis = version ?? instance?.historyVersion;",
    replacement: "const basis = undefined;",
    breaks: "a purged instance stays purged",
  },
  {
    file: hub,
    find: "if (state?.executionId !== executionId || state.runtimeStatus",
    replacement: "if (state?.runtimeStatus",
    breaks: "a pending instance is ended only if it is the given execution",
  },
  {
    file: hub,
    find: "if (this.#histories.get(instanceId) !== history) {",
    replacement: "if (history === null) {",
    breaks: "a history that has changed meanwhile is not edited",
  },
  {
    file: hub,
    find: "for (const queue of this.#queues) queue.rest();\n    this.#createQueues();",
    replacement: "for (const queue of this.#queues) queue.rest();",
    breaks: "a deleted hub has no messages",
  },
  {
    file: workItems,
    find: "return Math.min(2 ** Math.min(deliveryCount, 10), 600) * 1000;",
    replacement: "return deliveryCount > 0 ? 2000 : 0;",
    breaks: "the delay of what was given back grows with its deliveries",
  },
  {
    file: queue,
    find: "if (!this.#holds.has(key)) this.#takeable.add(key); // Q1",
    replacement: "this.#takeable.add(key);",
    breaks: "an instance is in one work item at a time",
  },
  {
    file: queue,
    find: "if (this.#ready.has(hold.key)) this.#takeable.add(hold.key); // Q1: what came meanwhile",
    replacement: "",
    breaks: "what came while an instance was held is delivered after that",
  },
  {
    file: queue,
    find: "this.#place(stored, deliverAt?.getTime() ?? 0);",
    replacement: "this.#place(stored, 0);",
    breaks: "a message is not delivered before its time",
  },
  {
    file: queue,
    find: "this.#ready.set(hold.key, [...hold.messages, ...arrived]);",
    replacement: "this.#ready.set(hold.key, [...arrived]);",
    breaks: "a message is delivered again until it is settled",
  },
  {
    file: waiting,
    find: "if (signal.aborted) return Promise.resolve(undefined);",
    replacement: "",
    breaks: "nothing is taken for those who no longer wait",
  },
  {
    file: "core/waiting-line.ts",
    find: "first?.take(item);",
    replacement: "for (const waiter of [...this.#waiters]) waiter.take(item);",
    breaks: "of several who wait one gets a work item",
  },
  {
    file: state,
    find: "change.keepsCustomStatus === true && isSame ?",
    replacement: "change.keepsCustomStatus === undefined && isSame && stored === undefined ?",
    breaks: "a change that does not know the custom status keeps it",
  },
  {
    file: "core/instance-conditions.ts",
    find: "(to === undefined || at <= to)",
    replacement: "(to === undefined || at < to)",
    breaks: "the bounds of a time belong to it",
  },
  {
    file: hub,
    find: "if (onlyEnded && state !== undefined && !isTerminalStatus(state.runtimeStatus)) return false;",
    replacement: "",
    breaks: "a purge of what has ended leaves alone what runs",
  },
  {
    file: hub,
    find: "if (isUnbegun && !this.#dropStart(instanceId, executionId)) this.#purgedStarts.add(executionId);",
    replacement: "",
    breaks: "a start that was purged is not delivered, nor does anything come of a first episode under way",
  },
  {
    file: "engine/instance-page.ts",
    find: "const fits = this.#count === 0 || this.#leftBytes >= 0;",
    replacement: "const fits = true;",
    breaks: "a page has no more bytes than asked for",
  },
  {
    file: "engine/instance-page.ts",
    find: 'throw foreignToken("is not one that a query has returned");',
    replacement: "return {};",
    breaks: "a token that no query has returned is refused",
  },
  {
    file: "engine/instance-page.ts",
    find: "check === checkOf(taskHub, place, conditions)",
    replacement: 'typeof check === "string"',
    breaks: "a token of other conditions is refused",
  },
  {
    file: "engine/next-instance-write.ts",
    find: "hasEnded && !isLater(change, stored)",
    replacement: "hasEnded === undefined",
    breaks: "an end is not taken back",
  },
  {
    file: "engine/next-instance-write.ts",
    find: 'if (change.started !== undefined && stored.createdTime > change.started.createdTime) return "none";',
    replacement: "",
    breaks: "of two executions the one that was created later stays",
  },
  {
    file: "engine/creation-race.ts",
    find: "replaces !== undefined && present.executionId === replaces.executionId",
    replacement: "replaces !== undefined",
    breaks: "of several creators of one id one wins",
  },
  {
    file: "engine/activity-processor.ts",
    find: ".abandonActivityWorkItem(workItem) // A2",
    replacement: ".renewActivityWorkItem(workItem)",
    breaks: "an activity work item is settled exactly once",
  },
  {
    file: "engine/activity-processor.ts",
    find: "workItem.unfinishedRuns >= this.#options.maxUnfinishedRuns",
    replacement: "workItem.delivered.deliveryCount > this.#options.maxUnfinishedRuns",
    breaks: "only runs that began and never ended count as poison",
  },
  {
    file: "engine/instance-limits.ts",
    find: "if (unfinishedRuns >= this.maxUnfinishedRuns) {",
    replacement: "if (unfinishedRuns > this.maxUnfinishedRuns) {",
    breaks: "code that takes its process down is not begun again",
  },
  {
    file: "engine/instance-processor.ts",
    find: 'await this.#backend.noteRun(workItem, "begun");',
    replacement: "",
    breaks: "P4: a run is noted before code runs",
  },
  {
    file: "engine/suspect-line.ts",
    find: "this.#free -= share;",
    replacement: "this.#free -= 0;",
    breaks: "who is to run alone runs alone",
  },
  {
    file: "engine/unknown-names.ts",
    find: "if (now - firstMet >= this.#graceMs) {",
    replacement: "if (now - firstMet < 0) {",
    breaks: "an unknown name is failed when its time is over",
  },
  {
    file: "engine/history-summary.ts",
    find: "return this.#undoneFailures.has(",
    replacement: "return this.#length < 0 && this.#undoneFailures.has(",
    breaks: "a failure that a rewind has undone is no answer",
  },
  {
    file: "engine/activity-processor.ts",
    find: "      leaveRunning();\n      lock.release();",
    replacement: "      leaveRunning();",
    breaks: "the lock of an activity that has ended is renewed no more",
  },
  {
    file: "engine/activity-processor.ts",
    find: "lock.abort(reason); // A3",
    replacement: "",
    breaks: "an activity that nobody wants is told so",
  },
  {
    file: "engine/activity-processor.ts",
    find: "void this.#running.look(instanceId, renewIntervalMs / 2);",
    replacement: "",
    breaks: "what another worker has committed cancels an activity",
  },
  {
    file: "engine/activity-processor.ts",
    find: "if (mayHaveRun) await this.#running.look(instanceId, renewIntervalMs / 2); // A4",
    replacement: "",
    breaks: "whether an activity is wanted is asked before it runs once more",
  },
  {
    file: "engine/wanted-activities.ts",
    find: "if (progress.createdTime <= scheduledAt) return undefined; // V1",
    replacement: "",
    breaks: "a row that is behind cancels nothing",
  },
  {
    file: "engine/wanted-activities.ts",
    find: "return hadRow ? ended(",
    replacement: "return true ? ended(",
    breaks: "a row that is not there yet cancels nothing",
  },
  {
    file: "engine/activity-heartbeat.ts",
    find: "this.#isStored = false; // H2",
    replacement: "",
    breaks: "details whose storing has failed are stored later",
  },
  {
    file: hub,
    find: "if (heartbeat !== undefined) held.hold.messages[0]!.lastHeartbeat = heartbeat;",
    replacement: "",
    breaks: "the next delivery reads the details of the last heartbeat",
  },
  {
    file: state,
    find: "stored?.executionId === executionId ? stored.waitNote?.unwantedTasks : undefined",
    replacement: "stored?.waitNote?.unwantedTasks",
    breaks: "what nobody waits for is told of one execution only",
  },
  {
    file: state,
    find: "{ waitNote: { events, unwantedTasks: unwanted } }",
    replacement: "{ waitNote: { events: events ?? stored?.waitNote?.events, unwantedTasks: unwanted } }",
    breaks: "what code waits for is shown until the next change only",
  },
  {
    file: "engine/instance-processor.ts",
    find: "await this.#backend.abandonOrchestrationWorkItem(workItem)",
    replacement: "await this.#backend.renewOrchestrationWorkItem(workItem)",
    breaks: "an orchestration work item is settled exactly once",
  },
  {
    file: "engine/orchestration-processor.ts",
    find: "if (execution.isCached && needsFreshHistory(messages)) {",
    replacement: "if (execution.isCached && messages === null) {",
    breaks: "nothing is put off on the word of a cached session alone",
  },
  {
    file: "engine/orchestration-processor.ts",
    find: "if (lock.isLost) throw new DurableError(",
    replacement: "if (lock === null) throw new DurableError(",
    breaks: "nothing is sent for a work item whose lock is lost",
  },
  {
    file: "engine/instance-processor.ts",
    find: "earlier === undefined ? this.#process(workItem) : earlier.then(() => this.#process(workItem))",
    replacement: "this.#process(workItem)",
    breaks: "the work items of one instance are processed one after the other",
  },
  {
    file: "engine/orchestration-processor.ts",
    find: "const mayLag = messages.discarded.length > 0 && execution.history.started !== undefined;",
    replacement: "const mayLag = false;",
    breaks: "a row that is behind is brought right by a repeated message",
  },
  {
    file: hub,
    find: "for (const outgoing of checkpoint.outgoingAfterCommit ?? []) this.#deliver(outgoing);",
    replacement: "",
    breaks: "what waits for the history is sent",
  },
  {
    file: "engine/lock-keeper.ts",
    find: "if (entry.isRenewing) return;",
    replacement: "",
    breaks: "a lock has one renewal at a time",
  },
  {
    file: "engine/lock-keeper.ts",
    find: 'if (!isDurableError(error, "WorkItemLockLost")) return onError(error);',
    replacement: "return onError(error);",
    breaks: "a lost lock stops the work",
  },
  {
    file: "engine/work-item-loop.ts",
    find: "if (inProcess >= maxConcurrent) {",
    replacement: "if (inProcess > maxConcurrent) {",
    breaks: "at most as many work items are in process as may be",
  },
  {
    file: "engine/work-item-loop.ts",
    find: "while (inProcess > 0) await oneEnds(); // L2",
    replacement: "",
    breaks: "a stop waits for what is in process",
  },
  {
    file: "engine/reconcile-messages.ts",
    find: "!isForExecution(event) || taken.has(delivered.id)",
    replacement: "!isForExecution(event)",
    breaks: "a message that was accepted before is a repeat",
  },
  {
    file: "engine/reconcile-messages.ts",
    find: 'else if (fate === "early") deferred.push(delivered);',
    replacement: 'else if (fate === "early") discarded.push(delivered);',
    breaks: "an answer whose question is not there yet waits for it",
  },
  {
    file: "engine/settlements.ts",
    find: "settled: [...messages.discarded, ...messages.refused, ...messages.idle],",
    replacement: "settled: [...messages.refused, ...messages.idle],",
    breaks: "messages without effect go",
  },
  {
    file: "engine/settlements.ts",
    find: "const acceptedIds = [...execution.acceptedIds, ...accepted].slice(-maxAcceptedIds);",
    replacement: "const acceptedIds = accepted.slice(-maxAcceptedIds);",
    breaks: "a message is known for a repeat until its queue has let go of it",
  },
  {
    file: "engine/known-executions.ts",
    find: "const isTooMuch = this.#entries.size > maxSessions || this.#bytes > maxBytes;",
    replacement: "const isTooMuch = this.#entries.size > maxSessions;",
    breaks: "live sessions are limited in weight",
  },
];
