/** What is logged on both sides of gRPC: by workers with a server elsewhere, and by the sidecar. */
export const grpcLogEvents = {
  GrpcConnected: {
    area: "Durable",
    level: "info",
    fields: [],
    meaning: "A worker is connected to the gRPC server of its task hub, and takes work.",
    action: "nothing",
  },
  GrpcConnectionLost: {
    area: "Durable",
    level: "warn",
    fields: [],
    meaning:
      "A worker has no connection to the gRPC server of its task hub; it tries for ever, and what runs goes on. Said once for each reason.",
    action: "Nothing, if it is connected again soon. Else look at the text: the address, the network, the credential.",
  },
  WorkItemNotCompleted: {
    area: "Durable",
    level: "warn",
    fields: ["instanceId"],
    meaning:
      "The gRPC server did not take what a worker has done: somebody else had the work by then, or it could not be reached for a minute.",
    action:
      "Nothing, if it is rare: the work runs again. Else the network or the worker is too slow for the server's limits.",
  },
  WorkItemAbandoned: {
    area: "Durable",
    level: "warn",
    fields: [],
    optionalFields: ["instanceId"],
    meaning:
      "A worker could not run what the gRPC server sent, and gave it back: it cannot be read, is of a version that is not run here, or the worker stops.",
    action: "Look at the text. The same text again and again for one instance means that no worker has its code.",
  },
  GrpcConnectionRestored: {
    area: "Durable",
    level: "warn",
    fields: [],
    meaning: "A worker that had lost its gRPC server has it again, and takes work.",
    action: "Nothing.",
  },
  WorkItemUnknown: {
    area: "Durable",
    level: "warn",
    fields: [],
    meaning:
      "A gRPC server has sent work of a kind that this worker does not know. It was left alone, and stays with the server.",
    action: "Update this package: the server is newer.",
  },
  WorkerConnected: {
    area: "Durable",
    level: "info",
    fields: [],
    meaning: "A worker has connected over gRPC and takes work.",
    action: "nothing",
  },
  WorkerDisconnected: {
    area: "Durable",
    level: "info",
    fields: [],
    meaning: "The stream of a worker has ended; what it had not answered is sent to others, or to it when it is back.",
    action: "nothing",
  },
  WorkItemRedispatched: {
    area: "Durable",
    level: "warn",
    fields: ["instanceId"],
    meaning: "A worker has not done the work that it was sent over gRPC, and it is sent again; the text says why.",
    action: "Nothing, if a worker has just stopped. Else look at the log of the workers.",
  },
  SidecarCallFailed: {
    area: "Durable",
    level: "error",
    fields: ["method"],
    meaning: "A gRPC call was answered with an error that its sender has not caused.",
    action: "Look at the text: most often it is storage.",
  },
  SidecarExposed: {
    area: "Durable",
    level: "warn",
    fields: ["address"],
    meaning: "The sidecar listens beyond this machine, and whoever reaches it can work on the task hub.",
    action: "Give it a token or listen on 127.0.0.1 (the default).",
  },
} as const;
