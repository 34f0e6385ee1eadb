// The messages of function-rpc.proto, for the host (a test) and for its worker (a process without a compiler).
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";

const require = createRequire(import.meta.url);
/** It belongs to the gRPC library, which finds it wherever it was installed. */
const { loadSync } = createRequire(require.resolve("@grpc/grpc-js"))("@grpc/proto-loader");

const messages = loadSync(fileURLToPath(new URL("function-rpc.proto", import.meta.url)), {
  longs: Number,
  enums: String,
  defaults: true,
  oneofs: true,
});

export const functionRpc = messages["AzureFunctionsRpcMessages.FunctionRpc"];
