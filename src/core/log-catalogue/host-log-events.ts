/** What the local host logs, and a Functions app about its hosting. */
export const hostLogEvents = {
  LocalSettingUnusable: {
    area: "Host",
    level: "warn",
    fields: [],
    meaning: "local.settings.json holds a value that is no text, or a reference that is not resolved on this machine.",
    action: "Mend the file.",
  },
  LocalSettingSkipped: {
    area: "Host",
    level: "warn",
    fields: ["setting"],
    meaning: "local.settings.json and the environment disagree; the environment's value is taken.",
    action: "Remove one of the two.",
  },
  SettingIgnored: {
    area: "Host",
    level: "warn",
    fields: ["setting"],
    meaning: "A setting is unknown, has a value that means nothing, or has no effect here; the text says which.",
    action: "Mend or remove the setting.",
  },
  HostExposed: {
    area: "Host",
    level: "warn",
    fields: ["address"],
    meaning:
      "The host listens beyond this machine and was told to ask for no keys: whoever reaches it can call every function and start, end and purge instances.",
    action:
      "Leave `--no-auth` and DURABLE_NO_AUTH out, listen on 127.0.0.1 (the default), or let nobody but a proxy that checks callers reach the port.",
  },
  KeyRefused: {
    area: "Host",
    level: "warn",
    fields: [],
    meaning:
      "Somebody has asked for something that needs a key, without one or with another; the answer was 401. Said once for each function, for the management API and for `/admin`.",
    action:
      "Send the key as the header `x-functions-key`: `durable keys --show` has it. Else somebody tries the doors.",
  },
  KeysReadable: {
    area: "Host",
    level: "warn",
    fields: [],
    meaning: "Others than its owner may read the file with the keys of the host.",
    action: "Take the rights away (`chmod 600`), and rotate the keys.",
  },
  KeysUnusable: {
    area: "Host",
    level: "error",
    fields: [],
    meaning:
      "The file with the keys was changed or removed while the host runs, and cannot be read; the old keys hold.",
    action: "Mend the file, or delete it and start the host anew: it makes new keys.",
  },
  ClientLinksNotSigned: {
    area: "Host",
    level: "warn",
    fields: [],
    meaning:
      "Callers need keys, and the app has functions whose links to instances are made by the package `durable-functions`: they hold no key and no signature.",
    action:
      "Take the clients of this package, whose links open one instance, or give callers the key `durabletask_extension`.",
  },
  PageRefused: {
    area: "Host",
    level: "warn",
    fields: ["origin"],
    meaning:
      "A page of another origin has asked for instances or for `/admin`, and got nothing. Told once for each origin.",
    action: "If it is a page of yours, list its origin with `--cors`.",
  },
  FunctionInvalid: {
    area: "Host",
    level: "error",
    fields: ["functionName"],
    meaning: "A function cannot be served; the others are.",
    action: "Mend its name, trigger or route, as the text says.",
  },
  FunctionJsonIgnored: {
    area: "Host",
    level: "warn",
    fields: ["count"],
    meaning:
      "Folders with a function.json do not run, because the code of the app registers functions: the rule of Azure.",
    action: "Register those functions by code too, or remove the folders.",
  },
  TriggerNotServed: {
    area: "Host",
    level: "warn",
    fields: ["functionName", "triggerType"],
    meaning: "A function is not called by its trigger here: the local host serves HTTP, timers and storage queues.",
    action: "Call it by hand (`POST /admin/functions/<name>`), or run the app in Azure.",
  },
  BindingNotServed: {
    area: "Host",
    level: "warn",
    fields: ["functionName"],
    meaning:
      "An input or output of a function is not served here: an input is absent, and what is given to an output is lost.",
    action: "Use the library of that service in the function, or run the app in Azure.",
  },
  TriggerWaits: {
    area: "Host",
    level: "warn",
    fields: ["functionName"],
    meaning:
      "A timer or queue waits: its storage does not answer, or another host on the same storage has the timer. It goes on by itself.",
    action: "storage",
  },
  ScheduleNotKept: {
    area: "Host",
    level: "warn",
    fields: ["functionName"],
    meaning:
      "The status of a timer could not be written, so that a time that was made up for may come again after a restart.",
    action: "storage",
  },
  QueueMessagePoisoned: {
    area: "Host",
    level: "warn",
    fields: ["functionName", "queue", "messageId", "deliveryCount"],
    meaning: "A queue message that its function fails on, or that cannot be read, was moved to the poison queue.",
    action: "Look at the failures of the function, mend it, and put the message back.",
  },
  QueueMessageNotSettled: {
    area: "Host",
    level: "warn",
    fields: ["functionName", "queue", "messageId"],
    meaning:
      "What became of a queue message could not be written down, so that its function may be called for it again.",
    action: "storage",
  },
  RoutesClash: {
    area: "Host",
    level: "warn",
    fields: ["functionName"],
    meaning:
      "An HTTP function is not called for some of its requests, because the route of another one, which comes first by name, takes them too.",
    action: "Let the routes or their methods differ, or constrain a parameter (`{id:int}`).",
  },
  FunctionNotFound: {
    area: "Host",
    level: "warn",
    fields: ["functionName"],
    meaning: "The list of functions to serve names one that the app does not have.",
    action: "Correct the name.",
  },
  InstancesFound: {
    area: "Host",
    level: "info",
    fields: ["count", "failedCount"],
    meaning:
      "Instances of earlier runs that the host has found at its start: those under way, and those that have failed.",
    action: "Nothing, or look at the failed ones.",
  },
  HostStarting: {
    area: "Host",
    level: "info",
    fields: ["processId", "version"],
    meaning: "The local host starts.",
    action: "nothing",
  },
  HostReady: {
    area: "Host",
    level: "info",
    fields: ["address"],
    meaning: "The local host answers requests, and its engine takes work.",
    action: "nothing",
  },
  HostStopped: {
    area: "Host",
    level: "info",
    fields: ["durationMs"],
    meaning: "The local host has stopped; the text says what was cut off.",
    action: "nothing",
  },
  HttpRequestFailed: {
    area: "Host",
    level: "error",
    fields: ["method", "path"],
    meaning: "A request could not be answered, by no fault of its function.",
    action: "Report it, with the text.",
  },
  HttpRequestUnmatched: {
    area: "Host",
    level: "debug",
    fields: ["method", "path"],
    meaning: "No function has such a route, and the answer is 404.",
    action: "nothing",
  },
  PromiseRejectionUnhandled: {
    area: "Host",
    level: "error",
    fields: [],
    meaning: "A promise of the app failed and nothing awaits it.",
    action: "Look for a missing 'await' or 'return' in the app's code.",
  },
  OrchestrationMisused: {
    area: "Host",
    level: "error",
    fields: [],
    meaning:
      "A callback of an orchestrator used its context after the episode; the instance is failed with the reason.",
    action: "Await durable tasks only, in the orchestrator itself.",
  },
  EmulatorReplaced: {
    area: "Host",
    level: "warn",
    fields: [],
    meaning:
      "The settings name the storage emulator of this machine (UseDevelopmentStorage=true) and none listens at its ports: the embedded store of the app's folder is used.",
    action: "Start the emulator before the host if your data is there.",
  },
  LauncherGone: {
    area: "Host",
    level: "warn",
    fields: [],
    meaning:
      "The process that started this one, such as `npx` or a task runner, has ended without ending the host, which keeps its port and storage.",
    action:
      "End the process that the line names, if nobody needs it. `durable start --end-with-parent` ends by itself.",
  },
  LocalStoreBusy: {
    area: "Host",
    level: "warn",
    fields: [],
    meaning:
      "The storage process of an earlier host still saves its data, or a host of another container or machine may still use it, and the start waits.",
    action: "nothing",
  },
  HostingChosen: {
    area: "Host",
    level: "info",
    fields: [],
    meaning: "Where the orchestrations of a Functions app run: the text says where, why, and how to choose otherwise.",
    action: "nothing",
  },
  HostingFailed: {
    area: "Host",
    level: "error",
    fields: [],
    meaning: "The orchestrations of a Functions app cannot run, and its HTTP functions answer 500 with the text.",
    action: "Do what the text says, and start the app again.",
  },
  FunctionCallsCutOff: {
    area: "Host",
    level: "warn",
    fields: ["count"],
    meaning: "Function calls had not ended when the host stopped.",
    action: "Let functions end within five seconds of a stop, or leave long work to activities.",
  },
  EngineStarted: {
    area: "Host",
    level: "info",
    fields: [],
    meaning: "The engine of a Function App takes work.",
    action: "nothing",
  },
  EngineStartFailed: {
    area: "Host",
    level: "error",
    fields: ["attempt"],
    meaning: "The engine of a Function App could not be started for want of its storage; it is tried again.",
    action: "storage",
  },
  HeldMessagesReleased: {
    area: "Host",
    level: "info",
    fields: ["count"],
    meaning: "Messages that a killed process of this machine had received are delivered again at once.",
    action: "nothing",
  },
  ReceiptJournalUnusable: {
    area: "Host",
    level: "warn",
    fields: ["reason"],
    meaning: "The folder for temporary files cannot be used: after a crash, messages come again half a minute later.",
    action: "Let the app write to its folder for temporary files.",
  },
  WakeNotSent: {
    area: "Host",
    level: "warn",
    fields: ["queue"],
    meaning:
      "Wake messages of a Function App cannot be sent; said once. An app that is unloaded may wake with its heartbeat only.",
    action: "storage",
  },
  LinksNotSigned: {
    area: "Host",
    level: "warn",
    fields: ["setting"],
    meaning: "There is no key to sign links to instances with, so those who follow them need a function key.",
    action: "Set DURABLE_LINK_KEY to a secret of 32 characters or more.",
  },
  ManagementExposed: {
    area: "Host",
    level: "warn",
    fields: ["setting"],
    meaning: "The management API of a Function App asks for no key: whoever reaches the app may manage the whole hub.",
    action: "Let callers be checked in front of the app, or set the level to function.",
  },
  HostStopFailed: {
    area: "Host",
    level: "error",
    fields: [],
    meaning: "One step of stopping failed; the others were done.",
    action: "Report it, with the text.",
  },
} as const;
